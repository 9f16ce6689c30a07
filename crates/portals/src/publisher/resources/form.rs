//! The rows of the form, in both directions. A row names its operation; those of other pages stay as they
//! are.

use phantom_definition::AuthType;
use phantom_definition::OperationDocument;
use phantom_definition::Verb;
use phantom_manage::apis::document::ApiDocument;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;

/// Scopes that are shown as boxes; more of them are typed.
const MOST_BOXES: usize = 8;

/// One operation.
pub(super) struct Row {
    pub(super) at: usize,
    /// `GET /orders`: what the row is about.
    pub(super) key: String,
    pub(super) verb: &'static str,
    pub(super) target: String,
    pub(super) is_protected: bool,
    /// Name, and whether it is asked for.
    pub(super) boxes: Vec<(String, bool)>,
    /// In the place of boxes.
    pub(super) typed: Option<String>,
    pub(super) is_removed: bool,
}

fn key(operation: &OperationDocument) -> String {
    format!("{} {}", operation.verb.as_str(), operation.target)
}

/// As they are kept, or as they were typed.
pub(super) fn rows(shown: &[&OperationDocument], known: &[String], draft: &Draft) -> Vec<Row> {
    let form = &draft.form;
    let typed_at =
        |wanted: &str| (0..MOST_ROWS).find(|at| form.raw(&format!("row.{at}")) == wanted);
    let row = |(at, operation): (usize, &&OperationDocument)| {
        let key = key(operation);
        let typed = typed_at(&key);
        let scopes = match typed {
            Some(at) => scopes(form, at),
            None => operation.scopes.clone(),
        };
        let is_known = scopes.iter().all(|scope| known.contains(scope));
        let as_boxes = known.len() <= MOST_BOXES && is_known;
        let boxes = known.iter().filter(|_| as_boxes);
        Row {
            at,
            verb: operation.verb.as_str(),
            target: operation.target.clone(),
            is_protected: match typed {
                Some(at) => form.get(&format!("security.{at}")) != "disabled",
                None => !operation.auth_type.is_open(),
            },
            boxes: boxes.map(|name| (name.clone(), scopes.contains(name))).collect(),
            typed: (!as_boxes).then(|| scopes.join(" ")),
            is_removed: typed.is_some_and(|at| form.has(&format!("remove.{at}"))),
            key,
        }
    };
    shown.iter().enumerate().map(row).collect()
}

/// Rows of one page.
const MOST_ROWS: usize = phantom_pages::list::SIZE as usize;

fn scopes(form: &Form, at: usize) -> Vec<String> {
    let name = format!("scopes.{at}");
    form.all(&name).flat_map(str::split_whitespace).map(str::to_owned).collect()
}

/// The settings with what the form says of its rows, of all of them, and of a new one.
pub(super) fn changed(form: &Form, before: &ApiDocument) -> (ApiDocument, Errors) {
    let (mut document, mut errors) = (before.clone(), Errors::default());
    let mut removed = Vec::new();
    for at in 0..MOST_ROWS {
        let wanted = form.raw(&format!("row.{at}"));
        let operation = document.operations.iter_mut().find(|each| key(each) == wanted);
        // One that is gone meanwhile has another version, which is said.
        let Some(operation) = operation else { continue };
        protect(operation, form.get(&format!("security.{at}")));
        operation.scopes = scopes(form, at);
        if form.has(&format!("remove.{at}")) {
            removed.push(wanted.to_owned());
        }
    }
    document.operations.retain(|each| !removed.contains(&key(each)));
    for operation in &mut document.operations {
        protect(operation, form.get("all"));
    }
    let target = form.get("target");
    if !target.is_empty() {
        let verb = Verb::ALL.into_iter().find(|verb| verb.as_str() == form.get("verb"));
        document.operations.push(OperationDocument::new(target, verb.unwrap_or(Verb::Get)));
    } else if form.has("add") {
        errors.add("target", "Enter the path first, as /orders or /orders/{id}.");
    }
    (document, errors)
}

/// What is protected already stays so, in its own way.
fn protect(operation: &mut OperationDocument, said: &str) {
    match said {
        "disabled" => operation.auth_type = AuthType::None,
        "enabled" if operation.auth_type.is_open() => operation.auth_type = AuthType::default(),
        _ => {}
    }
}
