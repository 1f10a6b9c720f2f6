// A library that only references DotMlx.
namespace Library;

public static class Empty;
