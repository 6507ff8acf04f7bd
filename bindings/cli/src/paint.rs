//! Colours, where the terminal takes them.

use anstream::AutoStream;
use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const NOTICE: Style = AnsiColor::Yellow.on_default();

/// What is painted wherever it begins a line, behind white space.
const MARKS: [(&str, Style); 8] = [
    ("ALLOW", GOOD.bold()),
    ("DENY", BAD.bold()),
    ("✓", GOOD),
    ("✗", BAD),
    ("→", NOTICE),
    ("error:", BAD.bold()),
    ("warning", NOTICE),
    ("note:", NOTICE),
];

/// `text` with its marks in colours, if `stream` is a terminal that takes them and nobody has said NO_COLOR.
pub(crate) fn paint(text: &str, stream: &impl anstream::stream::RawStream) -> String {
    if AutoStream::choice(stream) == ColorChoice::Never {
        return text.to_owned();
    }
    text.split_inclusive('\n').map(paint_line).collect()
}

fn paint_line(line: &str) -> String {
    let start = line.trim_start();
    for (mark, style) in MARKS {
        if let Some(rest) = start.strip_prefix(mark) {
            let indentation = line.get(..line.len().saturating_sub(start.len())).unwrap_or_default();
            return format!("{indentation}{style}{mark}{style:#}{rest}");
        }
    }
    line.to_owned()
}

#[cfg(test)]
mod tests {
    use super::paint_line;

    #[test]
    fn marks_and_nothing_else() {
        assert_eq!(paint_line("  ✓ path  /\n"), "  \u{1b}[32m✓\u{1b}[0m path  /\n");
        assert_eq!(paint_line("      set  x: ✓\n"), "      set  x: ✓\n");
        assert!(paint_line("DENY   GET /").starts_with("\u{1b}[1m\u{1b}[31mDENY\u{1b}[0m"));
    }
}
