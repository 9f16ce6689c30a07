use super::*;

const LIFE: Duration = Duration::from_secs(330);

fn digest(n: u8) -> TokenDigest {
    TokenDigest::new([n; 32])
}

fn at(seconds: u64) -> Tick {
    Tick::from_millis(seconds * 1000)
}

/// What becomes of an answer, and whether it was stored.
fn admit(marks: &Marks, n: u8, asked: Moment, now: Tick) -> (Admission, bool) {
    let mut stored = false;
    let admission = marks.admit(&digest(n), asked, now, || stored = true);
    (admission, stored)
}

/// Rows: CAC-16
#[test]
fn an_answer_asked_for_before_the_mark_is_not_stored() {
    let marks = Marks::new(LIFE, 9);
    let asked = marks.moment();
    assert_eq!(admit(&marks, 1, asked, at(0)), (Admission::Admitted, true));
    let mut killed = false;
    marks.mark(digest(1), at(0), || killed = true);
    assert!(killed);
    assert_eq!(admit(&marks, 1, asked, at(0)), (Admission::Revoked, false));
    assert_eq!(admit(&marks, 2, asked, at(0)), (Admission::Admitted, true), "another token");
}

/// Rows: CAC-16
#[test]
fn a_mark_denies_its_token_for_its_whole_life_and_no_longer() {
    let marks = Marks::new(LIFE, 9);
    marks.mark(digest(1), at(100), || {});
    let asked_later = marks.moment();
    assert!(marks.contains(&digest(1), at(429)));
    assert_eq!(admit(&marks, 1, asked_later, at(429)), (Admission::Revoked, false));
    assert!(!marks.contains(&digest(1), at(430)));
    assert_eq!(admit(&marks, 1, asked_later, at(430)), (Admission::Admitted, true));
}

/// Rows: CAC-16
#[test]
fn a_mark_made_again_lives_again() {
    let marks = Marks::new(LIFE, 9);
    marks.mark(digest(1), at(0), || {});
    marks.mark(digest(1), at(400), || {});
    assert!(marks.contains(&digest(1), at(729)));
    marks.sweep(at(729));
    assert_eq!(marks.len(), 1);
    marks.sweep(at(730));
    assert_eq!(marks.len(), 0);
    assert!(!marks.contains(&digest(1), at(730)));
}

/// Rows: PITFALL-41
#[test]
fn a_call_that_outlives_its_mark_does_not_slip_past_it() {
    let marks = Marks::new(LIFE, 9);
    let asked = marks.moment();
    marks.mark(digest(1), at(0), || {});
    assert_eq!(admit(&marks, 1, asked, at(999)), (Admission::Revoked, false), "kept, but ended");
    marks.sweep(at(999));
    assert_eq!(admit(&marks, 1, asked, at(999)), (Admission::AskAgain, false), "swept");
    assert_eq!(admit(&marks, 1, marks.moment(), at(999)), (Admission::Admitted, true));
}

/// Rows: CAC-16
#[test]
fn a_full_store_forgets_no_revocation_silently() {
    let marks = Marks::new(LIFE, 2);
    let asked = marks.moment();
    for n in 1..=3 {
        marks.mark(digest(n), at(0), || {});
    }
    assert_eq!(marks.len(), 2);
    assert!(marks.contains(&digest(3), at(0)), "the newest is always kept");
    assert!(!marks.contains(&digest(1), at(0)), "the oldest made room");
    assert_eq!(admit(&marks, 1, asked, at(0)), (Admission::AskAgain, false));
    assert_eq!(admit(&marks, 9, asked, at(0)), (Admission::AskAgain, false), "it may have been 9");
    assert_eq!(admit(&marks, 9, marks.moment(), at(0)), (Admission::Admitted, true));
}
