//! What an application has used, and why its calls were refused.

use axum::extract::Path;
use axum::extract::Query;
use phantom_observe::traffic;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::components::Stack;
use phantom_pages::visit::Visit;
use phantom_subscribe::applications;
use phantom_traffic::own::Asked;
use phantom_traffic::own::Hops;
use phantom_traffic::own::Own;

use super::APPLICATIONS;
use super::application;
use super::applications::HERE;

pub(super) async fn read(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let (control, caller, now) = (&visit.control, &visit.caller, visit.control.now());
    let found = applications::find(control, caller, &id).await?;
    let name = found.row.name.clone();
    let base = format!("{HERE}/{}/usage", found.row.id);
    let decisions =
        traffic::decisions_of_application(control, caller, &id, asked.searches()).await?;
    if let Some(request) = asked.request() {
        let hops = Hops::of(&visit, &decisions, request).ok_or(Failure::NoSuchPage)?;
        let head =
            application::head_within(&found, "What the gateway decided").under("Usage", base);
        return Ok(visit.show(APPLICATIONS, &name, &Stack::new(head).part(&hops)));
    }
    let of_it = traffic::of_application(control, caller, &id, asked.period()?).await?;
    let own = Own::new(&asked, &base, &of_it, &decisions, now);
    let page = application::stack(&visit, &found, application::head(&found)).part(&own);
    Ok(visit.show(APPLICATIONS, &name, &page))
}
