//! A field of a form: its label, its control, its help, and what is wrong with it, at the field.

use askama::Template;

use super::drawn;

#[derive(Clone, Debug, Template)]
#[template(path = "components/field.html")]
pub struct Field {
    name: String,
    label: String,
    control: Control,
    help: String,
    unit: String,
    error: Option<String>,
    is_required: bool,
    /// What a browser may fill in.
    completion: &'static str,
    placeholder: String,
    range: Option<(u64, u64)>,
    is_fixed: bool,
    /// Whoever opens the page begins here.
    is_first: bool,
    /// Each of several on a line of its own.
    is_stacked: bool,
    /// A list of what could be entered.
    suggestions: Vec<String>,
}

#[derive(Clone, Debug)]
enum Control {
    Input { kind: &'static str, value: String },
    Area { rows: u32, value: String },
    Tick { on: bool },
    Select(Vec<Choice>),
    Radios(Vec<Choice>),
    Ticks(Vec<Choice>),
    File { accepts: &'static str },
}

#[derive(Clone, Debug)]
struct Choice {
    value: String,
    words: String,
    on: bool,
}

/// A field for a secret, which is never sent back: where there is one, it is kept unless another is
/// entered.
#[derive(Clone, Debug, Template)]
#[template(path = "components/secret.html")]
pub struct Secret {
    name: String,
    label: String,
    help: String,
    error: Option<String>,
    is_required: bool,
    /// There is one.
    is_kept: bool,
    /// It is used once, and kept nowhere.
    is_passing: bool,
    /// What was entered before did not come back with the form.
    is_dropped: bool,
}

drawn!(Field, Secret);

impl Field {
    fn new(name: &str, label: &str, control: Control) -> Self {
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            control,
            help: String::new(),
            unit: String::new(),
            error: None,
            is_required: false,
            completion: "off",
            placeholder: String::new(),
            range: None,
            is_fixed: false,
            is_first: false,
            is_stacked: false,
            suggestions: Vec::new(),
        }
    }

    fn input(name: &str, label: &str, kind: &'static str) -> Self {
        Self::new(name, label, Control::Input { kind, value: String::new() })
    }

    pub fn text(name: &str, label: &str) -> Self {
        Self::input(name, label, "text")
    }

    pub fn url(name: &str, label: &str) -> Self {
        Self::input(name, label, "url")
    }

    pub fn number(name: &str, label: &str) -> Self {
        Self::input(name, label, "number")
    }

    pub fn date(name: &str, label: &str) -> Self {
        Self::input(name, label, "date")
    }

    /// Goes along with the form, and nobody sees it.
    pub fn hidden(name: &str, value: &str) -> Self {
        Self::input(name, "", "hidden").valued(value)
    }

    fn is_hidden(&self) -> bool {
        matches!(self.control, Control::Input { kind: "hidden", .. })
    }

    /// For passwords of users; other secrets are a [`Secret`].
    pub fn password(name: &str, label: &str) -> Self {
        Self::input(name, label, "password").completed("current-password")
    }

    pub fn area(name: &str, label: &str, rows: u32) -> Self {
        Self::new(name, label, Control::Area { rows, value: String::new() })
    }

    pub fn tick(name: &str, label: &str) -> Self {
        Self::new(name, label, Control::Tick { on: false })
    }

    pub fn file(name: &str, label: &str, accepts: &'static str) -> Self {
        Self::new(name, label, Control::File { accepts })
    }

    pub fn select(name: &str, label: &str, choices: &[(&str, &str)], chosen: &str) -> Self {
        Self::new(name, label, Control::Select(those(choices, |value| value == chosen)))
    }

    pub fn radios(name: &str, label: &str, choices: &[(&str, &str)], chosen: &str) -> Self {
        Self::new(name, label, Control::Radios(those(choices, |value| value == chosen)))
    }

    pub fn ticks(
        name: &str,
        label: &str,
        choices: &[(&str, &str)],
        is_chosen: impl Fn(&str) -> bool,
    ) -> Self {
        Self::new(name, label, Control::Ticks(those(choices, is_chosen)))
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn valued(mut self, given: &str) -> Self {
        if let Control::Input { value, .. } | Control::Area { value, .. } = &mut self.control {
            given.clone_into(value);
        }
        self
    }

    pub fn ticked(mut self, is_on: bool) -> Self {
        if let Control::Tick { on } = &mut self.control {
            *on = is_on;
        }
        self
    }

    pub fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    pub fn required_if(self, is_required: bool) -> Self {
        Self { is_required, ..self }
    }

    pub fn helped(self, help: &str) -> Self {
        Self { help: help.to_owned(), ..self }
    }

    pub fn in_unit(self, unit: &str) -> Self {
        Self { unit: unit.to_owned(), ..self }
    }

    pub fn such_as(self, placeholder: &str) -> Self {
        Self { placeholder: placeholder.to_owned(), ..self }
    }

    pub fn between(self, least: u64, most: u64) -> Self {
        Self { range: Some((least, most)), ..self }
    }

    pub fn completed(self, completion: &'static str) -> Self {
        Self { completion, ..self }
    }

    pub fn suggesting(self, suggestions: Vec<String>) -> Self {
        Self { suggestions, ..self }
    }

    pub fn stacked(self) -> Self {
        Self { is_stacked: true, ..self }
    }

    /// It is shown, and cannot be changed.
    pub fn fixed(self) -> Self {
        Self { is_fixed: true, ..self }
    }

    /// Has the focus when the page is opened.
    pub fn first_if(self, is_first: bool) -> Self {
        Self { is_first, ..self }
    }

    pub fn failing(self, error: Option<String>) -> Self {
        Self { error, ..self }
    }

    /// The element's id: the name, in characters that selectors take.
    fn id(&self) -> String {
        id(&self.name)
    }

    /// What is read out with the control.
    fn described_by(&self) -> String {
        let mut ids = Vec::new();
        if !self.help.is_empty() {
            ids.push(format!("{}-help", self.id()));
        }
        if self.error.is_some() {
            ids.push(format!("{}-error", self.id()));
        }
        ids.join(" ")
    }
}

impl Secret {
    pub fn new(name: String, label: &str) -> Self {
        let (label, help) = (label.to_owned(), String::new());
        Self {
            name,
            label,
            help,
            error: None,
            is_required: false,
            is_kept: false,
            is_passing: false,
            is_dropped: false,
        }
    }

    pub fn required_if(self, is_required: bool) -> Self {
        Self { is_required, ..self }
    }

    pub(crate) fn dropped_if(self, is_dropped: bool) -> Self {
        Self { is_dropped, ..self }
    }

    pub fn kept_if(self, is_kept: bool) -> Self {
        Self { is_kept, ..self }
    }

    /// It is used once, and kept nowhere.
    pub fn passing(self) -> Self {
        Self { is_passing: true, ..self }
    }

    pub fn helped(self, help: &str) -> Self {
        Self { help: help.to_owned(), ..self }
    }

    pub fn failing(self, error: Option<String>) -> Self {
        Self { error, ..self }
    }

    fn id(&self) -> String {
        id(&self.name)
    }
}

fn id(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    format!("f-{}", name.chars().map(safe).collect::<String>())
}

fn those(choices: &[(&str, &str)], is_on: impl Fn(&str) -> bool) -> Vec<Choice> {
    let choice = |(value, words): &(&str, &str)| Choice {
        value: (*value).to_owned(),
        words: (*words).to_owned(),
        on: is_on(value),
    };
    choices.iter().map(choice).collect()
}
