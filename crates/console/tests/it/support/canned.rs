//! Explains every request in the same way: `DELETE` is let through, all else is refused.

use std::pin::Pin;

use phantom_access::explain::Answered;
use phantom_access::explain::AnsweredField;
use phantom_access::explain::Explain;
use phantom_access::explain::Explained;
use phantom_access::explain::Forwarded;
use phantom_access::explain::Hop;
use phantom_access::explain::Question;
use phantom_access::explain::Verdict;
use phantom_terms::refusal::Outcome;

#[derive(Debug)]
pub(crate) struct Canned;

impl Explain for Canned {
    fn explain<'a>(
        &'a self,
        question: &'a Question,
    ) -> Pin<Box<dyn Future<Output = Outcome<Explained>> + Send + 'a>> {
        Box::pin(async { Ok(explained(question)) })
    }
}

fn explained(question: &Question) -> Explained {
    let path = question.url.split('?').next().unwrap().trim_start_matches("https://localhost:8243");
    let hop = |hop: &str, outcome: &str| Hop { hop: hop.to_owned(), outcome: outcome.to_owned() };
    let outcome = match &*question.method {
        "DELETE" => Verdict::Forward(Forwarded {
            to: format!("http://backend.internal:8080{path}"),
            edits: vec!["the client's token is taken out".to_owned()],
        }),
        _ => Verdict::Answer(Answered {
            status: 401,
            reason: Some("token_inactive".to_owned()),
            fields: vec![AnsweredField {
                name: "www-authenticate".to_owned(),
                value: "Bearer error=\"invalid_token\"".to_owned(),
            }],
        }),
    };
    Explained {
        request: format!("{} {path} of host localhost", question.method),
        asks: vec!["scope: any of `read`".to_owned()],
        steps: vec![hop("resource", &format!("`{path}`")), hop("exchange", "known to be inactive")],
        outcome,
    }
}
