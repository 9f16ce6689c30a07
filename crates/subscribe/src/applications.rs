//! Applications: made, changed and ended by the subscribers they belong to.

mod document;

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_access::random;
use phantom_manage::deny_policies;
use phantom_manage::lookup;
use phantom_manage::lookup::Source;
use phantom_store::ApplicationRow;
use phantom_store::CountedApplication;
use phantom_store::Page;
use phantom_store::PlanLevel;
use phantom_store::Write;
use phantom_terms::page;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::stored;
use phantom_terms::unenforced;
use phantom_terms::unenforced::Of;
use phantom_terms::versioned::Expected;
use serde_json::Value;

pub use document::ApplicationDocument;
pub use document::ApplicationVisibility;
pub use document::Attributes;
pub use document::TokenType;
pub use phantom_store::ApplicationFilter;
pub use phantom_store::ApplicationSort;

/// An application with what is counted for it.
#[derive(Clone, Debug)]
pub struct Application {
    pub row: ApplicationRow,
    pub document: ApplicationDocument,
    pub subscriptions: u64,
}

impl Application {
    pub fn of(CountedApplication { row, subscriptions }: CountedApplication) -> Outcome<Self> {
        let document = stored::read(&row.document)?;
        Ok(Self { row, document, subscriptions })
    }
}

/// The caller's own that match, whoever's the filter asks for.
pub async fn list(
    control: &Control,
    caller: &Caller,
    filter: ApplicationFilter,
    page: page::Page,
) -> Outcome<Page<Application>> {
    let page::Page { limit, offset } = page;
    let filter = ApplicationFilter { owner: Some(caller.name.clone()), limit, offset, ..filter };
    let page = control.store().applications(&filter).await?;
    let rows = page.rows.into_iter().map(Application::of).collect::<Outcome<_>>()?;
    Ok(Page { rows, total: page.total })
}

pub async fn find(control: &Control, caller: &Caller, id: &str) -> Outcome<Application> {
    counted(control, own(&mut control.store(), caller, id).await?).await
}

pub async fn create(
    control: &Control,
    caller: &Caller,
    mut document: ApplicationDocument,
) -> Outcome<Application> {
    let (name, plan) = document.take_columns()?;
    let mut write = control.write(caller).await?;
    check_plan(&mut write, &plan).await?;
    if write.application_by_name(&caller.name, &name).await?.is_some() {
        return Err(exists(&name));
    }
    let row = ApplicationRow {
        id: random::id(),
        name,
        owner: caller.name.clone(),
        plan,
        document: settled(&document)?,
        version: 1,
        created_at: control.now(),
        updated_at: control.now(),
    };
    write.insert_application(&row).await.map_err(Refusal::if_duplicate(|| exists(&row.name)))?;
    write.commit().await?;
    Ok(Application { row, document, subscriptions: 0 })
}

pub async fn update(
    control: &Control,
    caller: &Caller,
    id: &str,
    mut document: ApplicationDocument,
    expected: &Expected,
) -> Outcome<Application> {
    let (name, plan) = document.take_columns()?;
    let mut write = control.write(caller).await?;
    let row = own(&mut write, caller, id).await?;
    expected.check(row.version)?;
    check_plan(&mut write, &plan).await?;
    let namesake = write.application_by_name(&row.owner, &name).await?;
    if namesake.is_some_and(|namesake| namesake.id != row.id) {
        return Err(exists(&name));
    }
    let document = settled(&document)?;
    deny_policies::follow_rename(&mut write, &row.owner, &row.name, &name).await?;
    let row = ApplicationRow { name: name.clone(), plan, document, ..row };
    let row =
        write.update_application(row).await.map_err(Refusal::if_duplicate(|| exists(&name)))?;
    write.commit().await?;
    counted(control, row).await
}

/// With its subscriptions, keys, and the clients that were made for it.
pub async fn delete(
    control: &Control,
    caller: &Caller,
    id: &str,
    expected: &Expected,
) -> Outcome<()> {
    let mut write = control.write(caller).await?;
    let row = own(&mut write, caller, id).await?;
    expected.check(row.version)?;
    write.delete_application(row.id).await?;
    Ok(write.commit().await?)
}

/// The caller's application of that id: one of another's is forbidden.
pub(crate) async fn own(
    source: &mut impl Source,
    caller: &Caller,
    id: &str,
) -> Outcome<ApplicationRow> {
    let row: ApplicationRow = lookup::find(source, id).await?;
    if row.owner == caller.name {
        return Ok(row);
    }
    let description = "You don't have permission to access the application with Id";
    Err(Refusal::forbidden(format!("{description} {id}")))
}

async fn counted(control: &Control, row: ApplicationRow) -> Outcome<Application> {
    let subscriptions = control.store().subscription_count(row.id).await?;
    Application::of(CountedApplication { row, subscriptions })
}

fn settled(document: &ApplicationDocument) -> Outcome<Value> {
    let document = stored::write(document)?;
    unenforced::refuse(Of::Application, &document)?;
    Ok(document)
}

async fn check_plan(write: &mut Write, name: &str) -> Outcome<()> {
    match write.plan_by_name(PlanLevel::Application, name).await? {
        Some(_) => Ok(()),
        None => Err(Refusal::invalid(format!(
            "Specified application throttling policy '{name}' does not exist"
        ))),
    }
}

fn exists(name: &str) -> Refusal {
    Refusal::exists(format!("An application already exists with name {name}"))
}
