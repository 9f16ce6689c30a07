//! What a step has found, drawn.

use phantom_access::explain::Explained;
use phantom_observe::workbench::Answer;
use phantom_observe::workbench::Claim;
use phantom_observe::workbench::Decoded;
use phantom_observe::workbench::Introspected;
use phantom_observe::workbench::NoAnswer;
use phantom_observe::workbench::Signature;
use phantom_observe::workbench::Step;
use phantom_pages::components::Badge;
use phantom_pages::components::Cell;
use phantom_pages::components::Code;
use phantom_pages::components::Notice;
use phantom_pages::components::Table;
use phantom_pages::components::Tone;
use phantom_pages::form::Form;
use phantom_pages::words;
use serde_json::Value;

use super::explained::Decision;

/// Of an answer, in characters.
const SHOWN: usize = 6000;
/// Claims that are explained.
const CLAIMS: usize = 60;

/// What there is to be seen in each part of the page.
#[derive(Default)]
pub(super) struct Found {
    pub(super) token: Vec<Shown>,
    pub(super) authorization: Option<Authorization>,
    /// A code that came back.
    pub(super) code: Option<String>,
    pub(super) introspection: Vec<Shown>,
    pub(super) jwt: Option<Jwt>,
    pub(super) call: Vec<Shown>,
    /// Where the decision on the call stands, once it is reported.
    pub(super) decision: Option<String>,
    pub(super) explained: Option<Decision>,
    got: Option<String>,
    notices: Vec<Notice>,
}

/// Where a user is sent to sign in.
pub(super) struct Authorization {
    pub(super) url: String,
    pub(super) host: String,
    pub(super) request: Code,
}

/// A step with its request, its answer, and the command that does the same.
pub(super) struct Shown {
    pub(super) title: &'static str,
    pub(super) badge: Badge,
    pub(super) request: Code,
    pub(super) answer: Code,
    pub(super) curl: Code,
}

pub(super) struct Jwt {
    pub(super) badge: Badge,
    /// Why the signature is not good.
    pub(super) why: String,
    pub(super) claims: Table,
    pub(super) header: Code,
    pub(super) payload: Code,
}

impl Found {
    pub(super) fn of_token(step: &Step) -> Self {
        let mut found = Self::default();
        match &step.answer {
            Err(why) => found.notices.push(unanswered(why)),
            Ok(answer) => match answer.member("access_token").filter(|_| answer.is_good()) {
                Some(token) => found.got = Some(token),
                None => found.notices.push(refused(answer)),
            },
        }
        found.token = vec![Shown::of("Token request", step)];
        if found.got.is_some() {
            let text = "It stands in the field below. Introspect it, or call an API with it.";
            found.notices.push(Notice::new(Tone::Good, "There is a token", text));
        }
        found
    }

    pub(super) fn of_authorization(url: &str, host: &str) -> Self {
        let request = Code::new("Authorization request", format!("GET {url}"));
        let (url, host) = (url.to_owned(), host.to_owned());
        Self { authorization: Some(Authorization { url, host, request }), ..Self::default() }
    }

    pub(super) fn of_code(code: String) -> Self {
        let text = "State and issuer are those of the request. The code is good once, and for a short time.";
        let notices = vec![Notice::new(Tone::Good, "The server sent a code", text)];
        Self { code: Some(code), notices, ..Self::default() }
    }

    pub(super) fn of_introspection(said: &Introspected, decoded: Option<Decoded>) -> Self {
        let mut found = Self::default();
        match (&said.json.answer, &said.jwt.answer) {
            (Err(why), _) | (_, Err(why)) => found.notices.push(unanswered(why)),
            (Ok(json), Ok(jwt)) => found.notices.extend(judged(json, jwt, decoded.is_some())),
        }
        found.introspection = vec![
            Shown::of("Introspection, as JSON", &said.json),
            Shown::of("Introspection, as gateways ask", &said.jwt),
        ];
        found.jwt = decoded.map(Jwt::of);
        found
    }

    pub(super) fn of_jwt(decoded: Decoded) -> Self {
        Self { jwt: Some(Jwt::of(decoded)), ..Self::default() }
    }

    pub(super) fn of_call(step: &Step, decision: Option<String>) -> Self {
        let notices = match &step.answer {
            Err(why) => vec![unanswered(why)],
            Ok(_) => Vec::new(),
        };
        // What has not come to a gateway is no decision of it.
        let decision = decision.filter(|_| step.answer.is_ok());
        Self { call: vec![Shown::of("Call", step)], decision, notices, ..Self::default() }
    }

    pub(super) fn of_explained(explained: Explained) -> Self {
        Self { explained: Some(Decision::of(explained)), ..Self::default() }
    }

    /// The form, with the token that was got.
    pub(super) fn into_form(self, form: Form) -> (Form, Self) {
        let form = match &self.got {
            Some(token) => form.with_instead("secret.token", token),
            None => form,
        };
        (form, self)
    }

    pub(super) fn notices(&self) -> Vec<Notice> {
        self.notices.clone()
    }
}

impl Shown {
    fn of(title: &'static str, step: &Step) -> Self {
        let (badge, answer) = match &step.answer {
            Err(why) => (Badge::bad("No answer"), Code::new("Answer", &*why.why)),
            Ok(answer) => {
                let words = format!("HTTP {}", answer.status);
                let badge = if answer.is_good() { Badge::good(words) } else { Badge::bad(words) };
                (badge, Code::new("Answer", text(answer)))
            }
        };
        Self {
            title,
            badge,
            request: Code::new("Request", shortened(&step.request)),
            answer,
            curl: Code::new("The same by curl", shortened(&step.curl)),
        }
    }
}

impl Jwt {
    fn of(decoded: Decoded) -> Self {
        let (badge, why) = match decoded.signature {
            Signature::Good => (Badge::good("Signature verified"), String::new()),
            Signature::Bad(why) => {
                (Badge::bad("Signature refused"), format!("{}.", words::sentence(&why)))
            }
            Signature::Unchecked(why) => {
                (Badge::warn("Signature not checked"), format!("{}.", words::sentence(&why)))
            }
        };
        let rows = decoded.claims.into_iter().take(CLAIMS).map(claim).collect();
        Self {
            badge,
            why,
            claims: Table::new("Claims", &["Claim", "Value", "What it means", "Now"]).rows(rows),
            header: Code::new("Header", shortened(&decoded.header)),
            payload: Code::new("Payload", shortened(&decoded.payload)),
        }
    }
}

fn claim(claim: Claim) -> Vec<Cell> {
    let value: String = claim.value.chars().take(300).collect();
    let value = match claim.time {
        Some(at) => format!("{value}, {}", words::time(at)),
        None => value,
    };
    vec![
        Cell::code(claim.name),
        Cell::code(value),
        Cell::text(claim.words),
        match claim.is_right {
            Some(true) => Badge::good("Right").into(),
            Some(false) => Badge::bad("Wrong").into(),
            None => Cell::text(""),
        },
    ]
}

fn unanswered(NoAnswer { why, is_forbidden }: &NoAnswer) -> Notice {
    let mut text = format!("{}.", words::sentence(why));
    if *is_forbidden {
        text.push_str(
            " Servers in private networks are asked only where the control plane's allow_private says so.",
        );
    }
    Notice::new(Tone::Bad, "There is no answer", text)
}

/// What an error code of RFC 6749 means for whoever reads it.
fn refused(answer: &Answer) -> Notice {
    let code = answer.member("error").unwrap_or_default();
    let text = match code.as_str() {
        "invalid_client" => {
            "The server does not accept the client's id, its secret, or how it is sent."
        }
        "invalid_grant" => {
            "The code is not good: it was used, is too old, or is of another client."
        }
        "invalid_scope" => "The client may not have one of these scopes.",
        "unauthorized_client" => "The client may not use this grant. Allow it at the server.",
        "unsupported_grant_type" => "The server does not know this grant.",
        "invalid_request" => "The server finds the request wrong. Its answer says how.",
        _ => "The answer is below.",
    };
    Notice::new(Tone::Bad, "The server gave no token", text)
}

fn judged(json: &Answer, jwt: &Answer, has_jwt: bool) -> Option<Notice> {
    let is_inactive = phantom_core::json::parse_object(&json.body)
        .is_ok_and(|members| members.get("active") == Some(&Value::Bool(false)));
    Some(match (json.status, jwt.status) {
        (401 | 403, _) | (_, 401 | 403) => Notice::new(
            Tone::Bad,
            "The server refuses the introspection client",
            "Its id or secret is wrong, or it may not introspect. That says nothing of the token.",
        ),
        _ if is_inactive => Notice::new(
            Tone::Warn,
            "The token is not active",
            "It has expired, was revoked, or is of another server. Gateways answer it with 401.",
        ),
        (200, 200) if has_jwt => Notice::new(
            Tone::Good,
            "The token is active",
            "The server gives a JWT for it, which gateways send to the backend.",
        ),
        (200, _) => Notice::new(
            Tone::Warn,
            "The token is active, but there is no JWT for it",
            "The server does not answer with application/jwt. Gateways cannot forward the request.",
        ),
        _ => return None,
    })
}

fn text(answer: &Answer) -> String {
    let mut text = format!("HTTP {}\n", answer.status);
    for (name, value) in answer.headers.iter().filter(|(name, _)| name != "set-cookie") {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push('\n');
    match serde_json::from_slice::<Value>(&answer.body) {
        Ok(value) => text.push_str(&serde_json::to_string_pretty(&value).unwrap_or_default()),
        Err(_) => text.push_str(&String::from_utf8_lossy(&answer.body)),
    }
    shortened(&text)
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() {
        short.push_str("\n… there is more, which is not shown.");
    }
    short
}
