// The reference library, which NativeAOT publishes if its sources have changed since the last time.

using System.Security.Cryptography;

DirectoryPath NativeFolder() => root.Combine($"artifacts/native/{Rid()}/native");

void PublishReferenceLibrary()
{
    FilePath library = NativeFolder().CombineWithFilePath(ReferenceLibraryName());
    FilePath stamp = root.CombineWithFilePath($"artifacts/native/{Rid()}.{configuration}.sha256");
    string hash = HashOf(GetFiles($"{root}/native/Reference/**/*.{{cs,csproj}}")
        .Concat(GetFiles($"{root}/bindings/DotMlx.Bindings/Generated/Types.g.cs"))
        .Concat(GetFiles($"{root}/Directory.*.{{props,targets}}"))
        .Where(file => !file.FullPath.Contains("/obj/") && !file.FullPath.Contains("/bin/")));
    if (FileExists(library) && FileExists(stamp) && System.IO.File.ReadAllText(stamp.FullPath) == hash)
    {
        Information("{0} is up to date.", root.GetRelativePath(library));
        return;
    }
    RequireLinker();
    // Removes the files of an earlier publish.
    EnsureDirectoryDoesNotExist(NativeFolder());
    DotNetPublish($"{root}/native/Reference/Reference.csproj", new DotNetPublishSettings
    {
        Configuration = configuration,
        Runtime = Rid(),
        OutputDirectory = NativeFolder(),
        NoLogo = true,
        Verbosity = DotNetVerbosity.Minimal,
    });
    if (!FileExists(library))
        throw new CakeException($"NativeAOT reported success but wrote no '{library}'.");
    System.IO.File.WriteAllText(stamp.FullPath, hash);
}

string HashOf(IEnumerable<FilePath> files)
{
    using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    foreach (FilePath file in files.OrderBy(file => file.FullPath, StringComparer.Ordinal))
    {
        hash.AppendData(Encoding.UTF8.GetBytes(root.GetRelativePath(file).FullPath));
        hash.AppendData(System.IO.File.ReadAllBytes(file.FullPath));
    }
    return Convert.ToHexString(hash.GetHashAndReset());
}
