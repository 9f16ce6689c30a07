//! Tokens end before their time (RFC 7009): all of their grant do.

use phantom_store::ClientRow;
use phantom_store::TokensOf;
use phantom_store::Write;
use phantom_terms::refusal::Outcome;

use super::OAuthRefusal;
use super::grant::actor;
use crate::plane::Control;
use crate::plane::Means;
use crate::random;

pub async fn revoke(
    control: &Control,
    client: &ClientRow,
    token: &str,
) -> Result<(), OAuthRefusal> {
    let row = control.store().token(&random::token_digest(token)).await?;
    // Nothing is written for what cannot be.
    if row.is_some_and(|row| row.client_id == client.client_id) {
        let mut write = control.store().write(&actor(client, None), control.now()).await?;
        end(&mut write, &client.client_id, token).await?;
        write.commit().await?;
    }
    Ok(())
}

/// RFC 7009 §2.1: only the client that got it may end it. Another's, or none, is passed over (§2.2).
pub async fn end(write: &mut Write, client_id: &str, token: &str) -> Outcome<()> {
    let row = write.token(&random::token_digest(token)).await?;
    if let Some(row) = row.filter(|row| row.client_id == client_id) {
        write.end_tokens(TokensOf::Family(row.family)).await?;
    }
    Ok(())
}
