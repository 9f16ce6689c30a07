//! "Did you mean": the known word nearest to a wrong one.

/// A word at most two edits away, and less than half of it.
pub(crate) fn nearest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let within = |word: &str| wrong.chars().count().max(word.chars().count()).div_ceil(3).min(3);
    known
        .iter()
        .map(|word| (distance(wrong, word), *word))
        .filter(|(distance, word)| *distance <= within(word))
        .min()
        .map(|(_, word)| word)
}

/// Edits from one to the other (Levenshtein), row by row.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let replace = row.get(j).copied().unwrap_or_default() + usize::from(from != *to);
            let delete = row.get(j + 1).copied().unwrap_or_default() + 1;
            let insert = next.last().copied().unwrap_or_default() + 1;
            next.push(replace.min(delete).min(insert));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested_and_a_stranger_is_not() {
        let known = ["upstream", "methods", "path", "key_manager"];
        assert_eq!(nearest("upsteam", &known), Some("upstream"));
        assert_eq!(nearest("keymanager", &known), Some("key_manager"));
        assert_eq!(nearest("method", &known), Some("methods"));
        assert_eq!(nearest("banana", &known), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
