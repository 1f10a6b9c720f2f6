// A library that only brings DotMlx along.
namespace Library;

public static class Empty;
