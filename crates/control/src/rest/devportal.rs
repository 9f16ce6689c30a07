//! The Devportal API.

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use crate::authorization::Guarded;
use crate::plane::Control;

pub(crate) const OPERATIONS: &[Guarded] = &[];

pub(crate) fn router() -> OpenApiRouter<Arc<Control>> {
    OpenApiRouter::new()
}
