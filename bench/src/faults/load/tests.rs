use super::{Duration, Instant, Sample, Tally};

fn tally(begin: Instant, samples: &[(u64, u64, u16, bool)]) -> Tally {
    let sample = |(at, took, status, right): &(u64, u64, u16, bool)| Sample {
        meant: begin + Duration::from_millis(*at),
        latency: Duration::from_millis(*took),
        status: *status,
        right: *right,
    };
    Tally(samples.iter().map(sample).collect())
}

#[test]
fn recovery_is_the_first_right_answer_after_the_end() {
    let begin = Instant::now();
    let tally = tally(
        begin,
        &[(0, 5, 200, true), (10, 5, 503, false), (1100, 5, 503, false), (1500, 30, 200, true)],
    );
    let end = begin + Duration::from_secs(1);
    assert_eq!(tally.recovery(end), Some(Duration::from_millis(530)));
    assert_eq!(tally.recovery(end + Duration::from_secs(1)), None);
}

#[test]
fn an_answer_of_the_right_status_alone_is_not_right() {
    let tally = tally(Instant::now(), &[(0, 1, 200, true), (1, 1, 200, false), (2, 1, 0, false)]);
    assert_eq!((tally.sent(), tally.right(), tally.count(200)), (3, 1, 2));
    assert_eq!(tally.wrong(), "no answer: 1, 200: 1");
    assert!(!tally.all_right());
}

#[test]
fn percentiles_are_of_all_samples_with_or_without_an_answer() {
    let begin = Instant::now();
    let tally = tally(begin, &[(0, 1, 200, true), (1, 9, 0, false)]);
    assert_eq!(tally.p99(), Some(Duration::from_millis(9)));
    assert_eq!(
        tally.before(begin + Duration::from_millis(1)).p99(),
        Some(Duration::from_millis(1))
    );
    assert_eq!(tally.since(begin + Duration::from_millis(1)).sent(), 1);
}
