using System.Text;

namespace Dataplane.Cli.Output;

/// <summary>Aligned columns under a heading. A cell may hold several lines; the cells beside it are then blank.</summary>
internal sealed class TextTable(params string[] headings)
{
    private const string Gap = "   ";

    private readonly List<string[]> _rows = [];

    /// <summary>Adds a row with one cell per heading.</summary>
    public void Add(params string[] cells)
    {
        if (cells.Length != headings.Length)
            throw new ArgumentException($"{cells.Length} cells for {headings.Length} columns", nameof(cells));
        _rows.Add(cells);
    }

    /// <summary>Writes heading and rows; no line ends in blanks.</summary>
    public void WriteTo(TextWriter writer)
    {
        var lines = new List<string[]> { headings };
        foreach (string[] row in _rows)
            SplitCells(row, lines);

        var widths = new int[headings.Length];
        foreach (string[] line in lines)
            for (int column = 0; column < line.Length; column++)
                widths[column] = Math.Max(widths[column], line[column].Length);

        var text = new StringBuilder();
        foreach (string[] line in lines)
        {
            text.Clear();
            for (int column = 0; column < line.Length; column++)
                text.Append(line[column].PadRight(widths[column])).Append(Gap);
            writer.Write(text.ToString().TrimEnd());
            writer.Write('\n');
        }
    }

    private static void SplitCells(string[] row, List<string[]> lines)
    {
        var cells = Array.ConvertAll(row, cell => cell.Split('\n'));
        int height = cells.Max(cell => cell.Length);
        for (int line = 0; line < height; line++)
            lines.Add(Array.ConvertAll(cells, cell => line < cell.Length ? cell[line] : ""));
    }
}
