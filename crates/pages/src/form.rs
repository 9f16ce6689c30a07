//! What a form sent: its fields, in their order. Read once, by the gate, which holds it to its proof.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::extract::FromRequest;
use axum::extract::FromRequestParts;
use axum::extract::Multipart;
use axum::extract::Request;
use http::header;
use http::request::Parts;
use phantom_terms::refusal::Refusal;

use crate::answer::Failure;
use crate::components::Field;
use crate::components::Secret;
use crate::words;

/// Longest form taken of somebody who is signed in, or was, in bytes: a definition of 1 MiB, encoded, and
/// some fields beside it.
pub(crate) const MAX_BODY: usize = 4 * 1024 * 1024;
/// Most fields taken.
const MAX_FIELDS: usize = 20_000;
/// The field with the proof that a form was made for its session.
pub(crate) const CSRF: &str = "_csrf";
/// The field with the version that a form was filled from.
pub const VERSION: &str = "_version";
/// The names of fields for secrets begin so. What they hold is never sent back.
pub(crate) const SECRET: &str = "secret.";

/// The fields of a form, each perhaps several times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    fields: Vec<(String, String)>,
    /// Files that were chosen and hold no text: the field, and why.
    faulty: Vec<(String, &'static str)>,
}

/// What is wrong with which field, and what is wrong with the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors {
    fields: BTreeMap<String, String>,
    pub whole: Option<String>,
}

impl Form {
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Failure> {
        let mut fields = Vec::new();
        for (name, value) in form_urlencoded::parse(text) {
            if fields.len() >= MAX_FIELDS {
                return Err(Failure::NoForm("It has more fields than any form of ours."));
            }
            fields.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self { fields, ..Self::default() })
    }

    /// Of a body of either kind that browsers send, of at most so many bytes.
    pub(crate) async fn read(mut request: Request, most: usize) -> Result<Self, Failure> {
        DefaultBodyLimit::max(most).apply(&mut request);
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        if kind.starts_with("application/x-www-form-urlencoded") {
            let body = Bytes::from_request(request, &()).await;
            return Self::parse(
                &body.map_err(|_| Failure::NoForm("It is longer than a form may be."))?,
            );
        }
        if !kind.starts_with("multipart/form-data") {
            return Err(Failure::NoForm("It is not of a kind that browsers send."));
        }
        let broken = || {
            Failure::NoForm("Its parts cannot be told apart, or it is longer than a form may be.")
        };
        let mut parts = Multipart::from_request(request, &()).await.map_err(|_| broken())?;
        let (mut fields, mut faulty) = (Vec::new(), Vec::new());
        while let Some(part) = parts.next_field().await.map_err(|_| broken())? {
            if fields.len() + faulty.len() >= MAX_FIELDS {
                return Err(Failure::NoForm("It has more fields than any form of ours."));
            }
            let name = part.name().unwrap_or_default().to_owned();
            // Without a name where none was chosen.
            let is_file = part.file_name().is_some_and(|file| !file.is_empty());
            let bytes = part.bytes().await.map_err(|_| broken())?;
            match String::from_utf8(bytes.to_vec()) {
                Ok(text) if is_file && text.is_empty() => {
                    faulty.push((name, "The file is empty."));
                }
                Ok(text) => fields.push((name, text)),
                Err(_) if is_file => faulty.push((name, "The file is no text in UTF-8.")),
                Err(_) => return Err(Failure::NoForm("A field of it is no text in UTF-8.")),
            }
        }
        Ok(Self { fields, faulty })
    }

    /// For a form that is drawn for the first time.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.fields.push((name.to_owned(), value.into()));
        self
    }

    /// The same, in the place of what there was under that name.
    pub fn with_instead(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self.with(name, value)
    }

    /// The same, where the box is ticked.
    pub fn ticked(self, name: &str, is_ticked: bool) -> Self {
        if is_ticked { self.with(name, "on") } else { self }
    }

    /// The value as it was sent; empty where there is none.
    pub fn raw(&self, name: &str) -> &str {
        let mut fields = self.fields.iter();
        fields.find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    /// Without blanks at its ends.
    pub fn get(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// `None` where nothing was entered.
    pub fn given(&self, name: &str) -> Option<String> {
        Some(self.get(name)).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// Why there is no text in the file that was chosen in that field.
    pub fn fault_of_file(&self, name: &str) -> Option<&'static str> {
        self.faulty.iter().find(|(field, _)| field == name).map(|(_, why)| *why)
    }

    /// All values of that name, in their order.
    pub fn all<'f>(&'f self, name: &str) -> impl Iterator<Item = &'f str> {
        let name = name.to_owned();
        self.fields.iter().filter(move |(field, _)| *field == name).map(|(_, value)| value.trim())
    }

    /// Whether a box is ticked, or a button of that name was used.
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == name)
    }

    /// Whether the name was typed that [`crate::components::Confirm`] asks for. Browsers show runs of white
    /// space as one.
    pub fn is_typed(&self, name: &str) -> bool {
        self.raw("typed").split_whitespace().eq(name.split_whitespace())
    }

    /// Whether that value is among those of a group of boxes.
    pub fn chose(&self, name: &str, value: &str) -> bool {
        self.all(name).any(|chosen| chosen == value)
    }

    /// The versions that a change may be made to: the one the form was filled from.
    pub fn expected(&self) -> phantom_terms::versioned::Expected {
        match self.get(VERSION).parse() {
            Ok(version) => phantom_terms::versioned::Expected::OneOf(vec![version]),
            Err(_) => phantom_terms::versioned::Expected::Any,
        }
    }

    /// All but proofs and secrets, to be sent again.
    pub(crate) fn resumable(&self) -> impl Iterator<Item = &(String, String)> {
        self.fields.iter().filter(|(name, _)| name != CSRF && !name.starts_with(SECRET))
    }

    /// Whether something was entered that is not in [`Self::resumable`].
    pub(crate) fn has_secrets(&self) -> bool {
        self.fields.iter().any(|(name, value)| name.starts_with(SECRET) && !value.is_empty())
    }
}

impl Errors {
    /// What no field alone is at fault for.
    pub fn of_all(words: impl Into<String>) -> Self {
        Self { whole: Some(words.into()), ..Self::default() }
    }

    pub fn at(mut self, field: &str, words: impl Into<String>) -> Self {
        self.add(field, words);
        self
    }

    pub fn add(&mut self, field: &str, words: impl Into<String>) {
        self.fields.entry(field.to_owned()).or_insert_with(|| words.into());
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.whole.is_none()
    }

    pub fn of(&self, field: &str) -> Option<String> {
        self.fields.get(field).cloned()
    }

    /// A refusal belongs to the field that it names (`member: rule`), if the form has it under that or
    /// another name; else to the whole. What is no fault of the form is no error of it.
    pub fn from_refusal(
        refusal: Refusal,
        fields: &[(&'static str, &'static str)],
    ) -> Result<Self, Failure> {
        if matches!(
            refusal,
            Refusal::Unavailable(_) | Refusal::Internal { .. } | Refusal::NotFound { .. }
        ) {
            return Err(refusal.into());
        }
        if matches!(refusal, Refusal::OtherVersion) {
            return Ok(Self::of_all("It was changed meanwhile. Look again before you go on."));
        }
        let words = refusal.to_string();
        let known = |word: &str| {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric());
            fields.iter().find(|(member, _)| *member == word).map(|(_, field)| *field)
        };
        if let Some((member, rule)) = words.split_once(": ")
            && let Some(field) = known(member)
        {
            return Ok(Self::default().at(field, format!("{}.", words::sentence(rule))));
        }
        // Several sentences, each about a field of its own.
        let sentences: Vec<_> = words.split_inclusive(". ").map(str::trim).collect();
        let begun = |sentence: &str| known(sentence.split(' ').next().unwrap_or_default());
        if sentences.len() > 1 && sentences.iter().all(|sentence| begun(sentence).is_some()) {
            return Ok(sentences.iter().fold(Self::default(), |errors, sentence| {
                errors.at(begun(sentence).unwrap_or_default(), words::sentence(sentence))
            }));
        }
        Ok(match words.split_whitespace().find_map(known) {
            Some(field) => Self::default().at(field, words),
            None => Self::of_all(words),
        })
    }
}

/// A form as it is drawn: what stands in its fields, and what is wrong with them.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub form: Form,
    pub errors: Errors,
}

impl Draft {
    pub fn new(form: Form) -> Self {
        Self { form, errors: Errors::default() }
    }

    pub fn refused(form: Form, errors: Errors) -> Self {
        Self { form, errors }
    }

    pub fn text(&self, name: &str, label: &str) -> Field {
        self.field(Field::text(name, label).valued(self.form.raw(name)))
    }

    pub fn url(&self, name: &str, label: &str) -> Field {
        self.field(Field::url(name, label).valued(self.form.raw(name)))
    }

    pub fn number(&self, name: &str, label: &str) -> Field {
        self.field(Field::number(name, label).valued(self.form.raw(name)))
    }

    pub fn date(&self, name: &str, label: &str) -> Field {
        self.field(Field::date(name, label).valued(self.form.raw(name)))
    }

    pub fn area(&self, name: &str, label: &str, rows: u32) -> Field {
        self.field(Field::area(name, label, rows).valued(self.form.raw(name)))
    }

    pub fn tick(&self, name: &str, label: &str) -> Field {
        self.field(Field::tick(name, label).ticked(self.form.has(name)))
    }

    /// One of several; value and words.
    pub fn select(&self, name: &str, label: &str, choices: &[(&str, &str)]) -> Field {
        self.field(Field::select(name, label, choices, self.form.get(name)))
    }

    pub fn radios(&self, name: &str, label: &str, choices: &[(&str, &str)]) -> Field {
        self.field(Field::radios(name, label, choices, self.form.get(name)))
    }

    /// Any of several.
    pub fn ticks(&self, name: &str, label: &str, choices: &[(&str, &str)]) -> Field {
        self.field(Field::ticks(name, label, choices, |value| self.form.chose(name, value)))
    }

    /// A field for a secret, `name` without its beginning.
    pub fn secret(&self, name: &str, label: &str) -> Secret {
        let name = format!("{SECRET}{name}");
        let (error, is_dropped) = (self.errors.of(&name), self.form.given(&name).is_some());
        Secret::new(name, label).failing(error).dropped_if(is_dropped)
    }

    fn field(&self, field: Field) -> Field {
        let error = self.errors.of(field.name());
        field.failing(error)
    }
}

/// The form of a request that the gate let in.
impl<S: Send + Sync> FromRequestParts<S> for Form {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get::<Self>().cloned().ok_or(Failure::NoForm("There is none."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_may_come_several_times() {
        let Ok(form) = Form::parse(b"a=1&b=%C3%A4+x&a=2&c") else { panic!() };
        assert_eq!(form.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((form.get("b"), form.get("d")), ("ä x", ""));
        assert!(form.has("c") && form.given("c").is_none() && form.chose("a", "2"));
    }

    #[tokio::test]
    async fn a_file_that_holds_no_text_is_a_fault_of_its_field() {
        for (file, bytes, text, fault) in [
            ("a.json", &b"{}"[..], "{}", None),
            ("a.json", b"", "", Some("The file is empty.")),
            ("a.png", b"\x89PNG", "", Some("The file is no text in UTF-8.")),
            ("", b"", "", None),
        ] {
            let head = "--b\r\nContent-Disposition: form-data; name=\"file\"";
            let mut body = format!("{head}; filename=\"{file}\"\r\n\r\n").into_bytes();
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n--b--\r\n");
            let request = http::Request::post("/")
                .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
                .body(axum::body::Body::from(body));
            let Ok(form) = Form::read(request.unwrap(), MAX_BODY).await else { panic!("{file}") };
            assert_eq!((form.raw("file"), form.fault_of_file("file")), (text, fault), "{file}");
        }
    }

    #[test]
    fn what_is_sent_again_has_neither_proof_nor_secret() {
        let Ok(form) = Form::parse(b"_csrf=x&secret.key=y&name=z") else { panic!() };
        let again: Vec<_> = form.resumable().map(|(name, _)| name.as_str()).collect();
        assert_eq!(again, ["name"]);
        assert!(form.has_secrets());
    }

    #[test]
    fn a_refusal_stands_at_the_field_it_names() {
        let fields = [("name", "name"), ("issuer", "the_issuer")];
        let refused = |text: &'static str| {
            Errors::from_refusal(Refusal::invalid(text), &fields).unwrap_or_default()
        };
        assert_eq!(refused("issuer: not a URL").of("the_issuer").as_deref(), Some("Not a URL."));
        assert_eq!(refused("other: no").whole.as_deref(), Some("other: no"));
    }
}
