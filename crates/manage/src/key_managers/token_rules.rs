//! `tokenValidation`: which tokens a key manager takes.

use phantom_core::catalog::TokenRule;
use regex::RegexBuilder;
use serde_json::Value;

use super::document::TokenValidation;
use super::document::TokenValidationType;

/// Longest expression taken, in bytes.
const MAX_EXPRESSION: usize = 1000;
/// Bound on what an expression compiles to; matching takes time linear in the token either way.
const MAX_COMPILED: usize = 256 * 1024;
const MAX_CLAIMS: usize = 20;

/// The enabled rules, or what is wrong with one. An entry that says nothing is none.
pub fn token_rules(entries: &[TokenValidation]) -> Result<Vec<TokenRule>, &'static str> {
    let enabled = entries.iter().filter(|entry| entry.enable.unwrap_or(true));
    enabled.filter_map(|entry| rule(entry).transpose()).collect()
}

fn rule(entry: &TokenValidation) -> Result<Option<TokenRule>, &'static str> {
    match (entry.kind, &entry.value) {
        (None | Some(_), None | Some(Value::Null)) => Ok(None),
        (None, Some(_)) => Err("type must not be null"),
        (Some(TokenValidationType::Reference), Some(Value::String(expression))) => {
            if expression.is_empty() {
                return Ok(None);
            }
            Ok(Some(TokenRule::Reference(checked(expression)?)))
        }
        (Some(TokenValidationType::Jwt), Some(Value::Object(members))) => {
            if members.keys().any(|name| name != "body") {
                return Err("value of JWT has the member \"body\" alone");
            }
            match members.get("body") {
                None | Some(Value::Null) => Ok(None),
                Some(Value::Object(body)) if body.is_empty() => Ok(None),
                Some(Value::Object(body)) if body.len() <= MAX_CLAIMS => {
                    let claims = body.iter().map(|(claim, expression)| {
                        let expression =
                            expression.as_str().ok_or("each claim needs an expression")?;
                        if claim.is_empty() || claim.len() > 255 {
                            return Err("a claim has 1 to 255 bytes");
                        }
                        Ok((claim.as_str().into(), checked(expression)?))
                    });
                    Ok(Some(TokenRule::Jwt(claims.collect::<Result<_, _>>()?)))
                }
                Some(Value::Object(_)) => Err("value of JWT names more than 20 claims"),
                Some(_) => Err("\"body\" must be an object"),
            }
        }
        // Passed over it would take every token, which is the opposite of what was meant.
        (Some(TokenValidationType::Custom), Some(_)) => {
            Err("CUSTOM is not supported: disable the entry")
        }
        (Some(TokenValidationType::Reference), Some(_)) => Err("value of REFERENCE must be a text"),
        (Some(TokenValidationType::Jwt), Some(_)) => Err("value of JWT must be an object"),
    }
}

fn checked(expression: &str) -> Result<Box<str>, &'static str> {
    if expression.len() > MAX_EXPRESSION {
        return Err("an expression has at most 1000 bytes");
    }
    // By itself, so that it cannot end the group it is put into; then as gateways compile it, for the
    // whole of the text.
    let whole = format!("^(?:{expression})$");
    for each in [expression, &whole] {
        let compiled =
            RegexBuilder::new(each).size_limit(MAX_COMPILED).dfa_size_limit(MAX_COMPILED).build();
        match compiled {
            Ok(_) => {}
            Err(regex::Error::CompiledTooBig(_)) => {
                return Err("an expression is too large when compiled");
            }
            Err(_) => {
                return Err(
                    "an expression cannot be read, or is not regular (no look-around, no back-references)",
                );
            }
        }
    }
    Ok(expression.into())
}

#[cfg(test)]
mod tests;
