//! YAML as many write it: the further lines of a text in quotation marks stand no deeper than its key.
//! YAML 1.2 §7.3.3 wants them deeper, and most programs do not insist; nor do they mean anything by it,
//! as white space at the beginning of such a line is none of the text's.

use super::MAX_DEFINITION;

/// Longest text that comes of it, in bytes.
const MOST: usize = 4 * MAX_DEFINITION;

/// The same text with such lines moved to the right, and which lines these are, counted from 1. `None`
/// where it would grow beyond bounds.
pub(super) fn moved(text: &str) -> Option<(String, Vec<u64>)> {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut lines = Vec::new();
    let mut state = State::Between;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        if let State::Quoted { column, .. } = state {
            out.extend(std::iter::repeat_n(' ', column + 1));
            lines.push(number);
        }
        out.push_str(line);
        if out.len() > MOST {
            return None;
        }
        state = state.after(line.trim_end_matches(['\n', '\r']));
    }
    Some((out, lines))
}

/// Where a line begins. Columns are those of the node that the lines before began.
#[derive(Clone, Copy)]
enum State {
    Between,
    /// In a text in these quotation marks, that deep in brackets.
    Quoted {
        mark: u8,
        column: usize,
        depth: usize,
    },
    /// In brackets.
    Flow {
        column: usize,
        depth: usize,
    },
    /// After `|`, `>` or a text without quotation marks: what is deeper belongs to it.
    Text {
        column: usize,
    },
}

impl State {
    fn after(self, line: &str) -> Self {
        let bytes = line.as_bytes();
        match self {
            Self::Between => begun(bytes),
            Self::Quoted { mark, column, depth } => quoted(bytes, mark, column, depth),
            Self::Flow { column, depth } => flow(bytes, column, depth),
            Self::Text { column } => match indentation(bytes) {
                Some(own) if own <= column => begun(bytes),
                _ => self,
            },
        }
    }
}

/// `None` for a line of nothing.
fn indentation(line: &[u8]) -> Option<usize> {
    line.iter().position(|byte| *byte != b' ')
}

/// A line that begins a node.
fn begun(line: &[u8]) -> State {
    let Some(mut column) = indentation(line) else { return State::Between };
    let mut rest = line.get(column..).unwrap_or_default();
    // `- - key: value`
    let mut parent = column;
    while let [b'-', b' ', after @ ..] = rest {
        parent = column;
        let blanks = indentation(after).unwrap_or(after.len());
        column += 2 + blanks;
        rest = after.get(blanks..).unwrap_or_default();
    }
    let is_item = parent != column;
    match rest {
        [] | [b'#', ..] => State::Between,
        [b'-', b'-', b'-', ..] if column == 0 => State::Between,
        [mark @ (b'"' | b'\''), after @ ..] => match end_of(after, *mark) {
            None => State::Quoted { mark: *mark, column, depth: 0 },
            Some(after) => match after.trim_ascii_start() {
                [b':', value @ ..] => valued(value, column),
                _ => State::Between,
            },
        },
        _ => match key_end(rest) {
            Some(value) if !matches!(rest, [b'[' | b'{', ..]) => valued(value, column),
            _ => valued(rest, if is_item { parent } else { column }),
        },
    }
}

/// What comes after a key without quotation marks.
fn key_end(line: &[u8]) -> Option<&[u8]> {
    let colon = line.windows(2).position(|pair| matches!(pair, [b':', b' ' | b'\t']));
    match colon {
        Some(at) => line.get(at + 1..),
        None => line.strip_suffix(b":").map(|_| &[][..]),
    }
}

/// A line from its value on.
fn valued(value: &[u8], column: usize) -> State {
    let mut value = value.trim_ascii_start();
    // Anchors and tags.
    while let [b'&' | b'!', ..] = value {
        let end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
        value = value.get(end..).unwrap_or_default().trim_ascii_start();
    }
    match value {
        [] | [b'#', ..] => State::Between,
        [mark @ (b'"' | b'\''), after @ ..] => quoted(after, *mark, column, 0),
        [b'[' | b'{', ..] => flow(value, column, 0),
        _ => State::Text { column },
    }
}

/// The rest of a line that is in quotation marks.
fn quoted(line: &[u8], mark: u8, column: usize, depth: usize) -> State {
    match end_of(line, mark) {
        None => State::Quoted { mark, column, depth },
        Some(after) if depth > 0 => flow(after, column, depth),
        Some(_) => State::Between,
    }
}

/// The rest of a line that is in brackets.
fn flow(mut line: &[u8], column: usize, mut depth: usize) -> State {
    let mut before = b' ';
    while let [byte, rest @ ..] = line {
        line = rest;
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => match depth {
                0 | 1 => return State::Between,
                _ => depth -= 1,
            },
            // Within a word it is a character like any other.
            b'"' | b'\'' if b" \t,[{:".contains(&before) => match end_of(rest, *byte) {
                None => return State::Quoted { mark: *byte, column, depth },
                Some(after) => line = after,
            },
            b'#' if before == b' ' => break,
            _ => {}
        }
        before = *byte;
    }
    State::Flow { column, depth }
}

/// What comes after the quotation mark that ends a text.
fn end_of(mut line: &[u8], mark: u8) -> Option<&[u8]> {
    loop {
        line = match line {
            [] => return None,
            [b'\'', b'\'', rest @ ..] if mark == b'\'' => rest,
            [b'\\', _, rest @ ..] if mark == b'"' => rest,
            [byte, rest @ ..] if *byte == mark => return Some(rest),
            [_, rest @ ..] => rest,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::moved;

    #[test]
    fn further_lines_of_a_text_in_quotation_marks_are_moved_and_nothing_else() {
        let text = "a:\n  b: 'one\n  two ''x''\n  three'\n  c: \"d\\\"\n  e\"\n  f: it's\n  g: |\n    'h\n  i: j\n    \"k\n  l: [m, 'n\n  o', p]\n  - 'q\n  r'\n  's': 't\n  u'\nv: w\n";
        let (moved, lines) = moved(text).unwrap();
        assert_eq!(lines, [3, 4, 6, 13, 15, 17]);
        for (number, (before, after)) in (1..).zip(text.lines().zip(moved.lines())) {
            let is_moved = before != after;
            assert_eq!(is_moved, lines.contains(&number), "{number}: {after}");
            assert_eq!(before.trim_start(), after.trim_start());
        }
    }

    #[test]
    fn a_text_without_such_lines_stays_as_it_is() {
        let text = "a: 'b'\nc:\n  - \"d\"\n  - e: 'f' # it's\n  - {g: 'h', i: [\"j\"]}\n# don't\nk: don't\nl: >\n  'm\n";
        assert_eq!(moved(text), Some((text.to_owned(), Vec::new())));
    }

    #[test]
    fn a_text_does_not_grow_beyond_bounds() {
        let text = format!("{}'{}", " ".repeat(1000), "x\n".repeat(100_000));
        assert_eq!(moved(&text), None);
    }
}
