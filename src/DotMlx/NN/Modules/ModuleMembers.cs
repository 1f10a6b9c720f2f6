namespace DotMlx.NN;

/// <summary>The members of one module, base classes first, in the order of declaration.</summary>
public sealed class ModuleMembers
{
    private readonly List<ModuleMember> _members = [];

    internal ModuleMembers()
    {
    }

    /// <summary>Appends members; one whose name is there already takes the earlier one's place.</summary>
    public void Add(params ReadOnlySpan<ModuleMember> members)
    {
        foreach (ModuleMember member in members)
        {
            int index = _members.FindIndex(m => m.Name == member.Name);
            if (index < 0)
            {
                _members.Add(member);
            }
            else
            {
                _members[index] = member;
            }
        }
    }

    /// <summary>Takes an inherited member off the list; a name that is not there is ignored.</summary>
    public void Remove(string name) => _members.RemoveAll(m => m.Name == name);

    internal ModuleMember[] ToArray() => [.. _members];
}
