//! Lets every request through, and says what it was asked.

use std::pin::Pin;

use phantom_access::explain::Explain;
use phantom_access::explain::Explained;
use phantom_access::explain::Forwarded;
use phantom_access::explain::Hop;
use phantom_access::explain::Question;
use phantom_access::explain::Verdict;
use phantom_terms::refusal::Outcome;

#[derive(Debug)]
pub(crate) struct Echo;

impl Explain for Echo {
    fn explain<'a>(
        &'a self,
        question: &'a Question,
    ) -> Pin<Box<dyn Future<Output = Outcome<Explained>> + Send + 'a>> {
        let names: Vec<&str> = question.headers.iter().map(|(name, _)| &**name).collect();
        let credential = format!("{}, {}", question.token.is_some(), names.join(" "));
        let explained = Explained {
            request: format!("{} {}", question.method, question.url),
            asks: Vec::new(),
            steps: vec![Hop { hop: "credential".to_owned(), outcome: credential }],
            outcome: Verdict::Forward(Forwarded {
                to: "http://backend.internal".to_owned(),
                edits: Vec::new(),
            }),
        };
        Box::pin(async { Ok(explained) })
    }
}
