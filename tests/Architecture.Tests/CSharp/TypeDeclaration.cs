namespace Dataplane.Architecture.Tests.CSharp;

/// <summary>A type declared in a file.</summary>
/// <param name="Name">Its name, without type parameters.</param>
/// <param name="Line">Line of the name, from 1.</param>
/// <param name="IsTopLevel">Not inside another type.</param>
/// <param name="IsPartial">Declared partial.</param>
/// <param name="IsDocumented">A documentation comment stands before it.</param>
internal sealed record TypeDeclaration(string Name, int Line, bool IsTopLevel, bool IsPartial, bool IsDocumented);
