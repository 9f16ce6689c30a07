//! Pages of what matches.

use phantom_store::*;
use uuid::Uuid;

use crate::bed::*;

on_both! {
    applications_are_found_by_part_of_their_name_and_by_owner,
    those_that_begin_with_a_text_are_told_from_those_that_have_it_elsewhere,
    wildcards_stand_for_themselves,
    names_are_given_for_ids_that_there_still_are,
    pages_cover_everything_once_in_every_order,
    apis_are_found_by_name_context_version_provider_and_state,
    subscriptions_are_listed_by_api_by_application_and_by_owner,
    the_apis_that_were_changed_last_come_first,
    databases_of_before_have_their_subscriptions_listed_by_owner,
}

async fn names(bed: &Bed, filter: ApplicationFilter) -> Vec<String> {
    let filter = ApplicationFilter { limit: 100, ..filter };
    let page = bed.store.applications(&filter).await.unwrap();
    assert_eq!(page.total, page.rows.len() as u64);
    page.rows.into_iter().map(|found| found.row.name).collect()
}

fn containing(text: &str) -> ApplicationFilter {
    ApplicationFilter { name_contains: Some(text.to_owned()), ..ApplicationFilter::default() }
}

async fn applications_are_found_by_part_of_their_name_and_by_owner(bed: Bed) {
    let mut write = bed.write().await;
    for (owner, name) in [("bob", "Älter"), ("alice", "beta"), ("alice", "Alpha"), ("bob", "alpha")]
    {
        write.insert_application(&application(owner, name)).await.unwrap();
    }
    write.commit().await.unwrap();
    assert_eq!(names(&bed, containing("LPH")).await, ["Alpha", "alpha"]);
    assert_eq!(names(&bed, containing("äLT")).await, ["Älter"], "case beyond ASCII");
    let owner = Some("alice".to_owned());
    assert_eq!(
        names(&bed, ApplicationFilter { owner: owner.clone(), ..containing("alpha") }).await,
        ["Alpha"]
    );
    let all = ApplicationFilter { owner, ..ApplicationFilter::default() };
    assert_eq!(names(&bed, all).await, ["Alpha", "beta"]);
    // Both sort by code point, whatever the database's locale.
    assert_eq!(
        names(&bed, ApplicationFilter::default()).await,
        ["Alpha", "alpha", "beta", "Älter"]
    );
    let too_long = containing(&"x".repeat(1025));
    let error = bed.store.applications(&too_long).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
}

async fn names_are_given_for_ids_that_there_still_are(bed: Bed) {
    let (mut write, mut ids) = (bed.write().await, vec![Uuid::from_u128(1)]);
    for number in 0..1001 {
        let row = application("alice", &format!("app-{number}"));
        ids.push(row.id);
        write.insert_application(&row).await.unwrap();
    }
    let pizza = api("Pizza", "1.0", "/pizza");
    write.insert_api(&pizza).await.unwrap();
    write.commit().await.unwrap();
    let found = bed.store.application_labels(&ids).await.unwrap();
    assert_eq!(found.len(), 1001, "more than one statement takes, and not the unknown one");
    let named = found.iter().find(|label| label.id == ids[1000]).unwrap();
    assert_eq!(named.name, "app-999");
    let labels = bed.store.api_labels(&[ids[0], pizza.id]).await.unwrap();
    let [ApiLabel { id, name, version_name }] = labels.try_into().unwrap();
    assert_eq!((id, &*name, &*version_name), (pizza.id, "Pizza", "1.0"));
    assert_eq!(bed.store.api_labels(&[]).await.unwrap(), []);
}

async fn those_that_begin_with_a_text_are_told_from_those_that_have_it_elsewhere(bed: Bed) {
    let mut write = bed.write().await;
    for (owner, name) in [
        ("alice", "Storm"),
        ("alice", "a%storm"),
        ("alice", "the storm"),
        ("alice", "Storms"),
        ("bob", "storm of bob"),
    ] {
        write.insert_application(&application(owner, name)).await.unwrap();
    }
    let states = [LifecycleState::Created, LifecycleState::Published, LifecycleState::Published];
    for (name, state) in ["Rain", "rainy", "No rain"].into_iter().zip(states) {
        let row = ApiRow { state, ..api(name, "v1", name) };
        write.insert_api(&row).await.unwrap();
    }
    write.commit().await.unwrap();
    let part = |text, place, offset| NamePart { text, place, limit: 2, offset };
    let applications = async |text, place, offset| {
        let part = part(text, place, offset);
        let rows = bed.store.applications_of_name("alice", &part).await.unwrap();
        rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    let [beginning, within] = NamePlace::ALL;
    assert_eq!(applications("sTORM", beginning, 0).await, ["Storm", "Storms"]);
    assert_eq!(applications("storm", within, 0).await, ["a%storm", "the storm"]);
    assert_eq!(applications("storm", within, 1).await, ["the storm"]);
    assert_eq!(applications("%", beginning, 0).await, [""; 0]);
    assert_eq!(applications("%", within, 0).await, ["a%storm"]);
    let apis = async |place, states: &[LifecycleState]| {
        let rows = bed.store.apis_of_name(&part("rain", place, 0), states).await.unwrap();
        rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    assert_eq!(apis(beginning, &[]).await, ["Rain", "rainy"]);
    assert_eq!(apis(beginning, &[LifecycleState::Published]).await, ["rainy"]);
    assert_eq!(apis(within, &[LifecycleState::Published]).await, ["No rain"]);
}

async fn wildcards_stand_for_themselves(bed: Bed) {
    let mut write = bed.write().await;
    for name in ["100%", "100x", "a_b", "axb", r"back\slash", "plain"] {
        write.insert_application(&application("o", name)).await.unwrap();
    }
    write.commit().await.unwrap();
    assert_eq!(names(&bed, containing("100%")).await, ["100%"]);
    assert_eq!(names(&bed, containing("a_b")).await, ["a_b"]);
    assert_eq!(names(&bed, containing(r"k\s")).await, [r"back\slash"]);
    assert_eq!(names(&bed, containing("%")).await, ["100%"]);
    assert_eq!(names(&bed, containing("")).await.len(), 6);
}

async fn pages_cover_everything_once_in_every_order(bed: Bed) {
    let mut write = bed.write().await;
    for number in 0..10 {
        let row = ApplicationRow {
            plan: format!("plan{}", number % 3),
            created_at: at(900 - number % 2),
            ..application(&format!("owner{}", number % 4), &format!("app{number}"))
        };
        write.insert_application(&row).await.unwrap();
    }
    write.commit().await.unwrap();
    let sorts = [
        ApplicationSort::Name,
        ApplicationSort::Plan,
        ApplicationSort::Status,
        ApplicationSort::Owner,
        ApplicationSort::CreatedAt,
    ];
    for sort_by in sorts {
        let mut listed = Vec::new();
        for offset in [0, 4, 8] {
            let filter = ApplicationFilter { sort_by, limit: 4, offset, ..containing("app") };
            let page = bed.store.applications(&filter).await.unwrap();
            assert_eq!(page.total, 10);
            listed.extend(page.rows.into_iter().map(|found| found.row));
        }
        let key = |row: &ApplicationRow| match sort_by {
            ApplicationSort::Name | ApplicationSort::Status => row.name.clone(),
            ApplicationSort::Plan => row.plan.clone() + &row.name,
            ApplicationSort::Owner => row.owner.clone() + &row.name,
            ApplicationSort::CreatedAt => row.created_at.as_secs().to_string(),
        };
        assert_eq!(listed.len(), 10, "{sort_by:?}");
        // As many in all, whatever the page: one that is full to the end, one with room, one behind the end, none.
        for (limit, offset, rows) in
            [(5, 5, 5), (20, 0, 10), (20, 9, 1), (4, 10, 0), (4, 12, 0), (0, 0, 0)]
        {
            let filter = ApplicationFilter { sort_by, limit, offset, ..containing("app") };
            let page = bed.store.applications(&filter).await.unwrap();
            assert_eq!((page.rows.len(), page.total), (rows, 10), "{limit} from {offset}");
        }
        assert!(listed.is_sorted_by_key(key), "{sort_by:?}");
        let filter = ApplicationFilter { sort_by, descending: true, limit: 10, ..containing("") };
        let backwards = bed.store.applications(&filter).await.unwrap().rows;
        let backwards: Vec<_> = backwards.into_iter().rev().map(|found| found.row).collect();
        assert_eq!(backwards, listed, "{sort_by:?}");
    }
}

async fn apis_are_found_by_name_context_version_provider_and_state(bed: Bed) {
    let mut write = bed.write().await;
    for (name, version, context, provider, state) in [
        ("HttpBin2", "v1", "/bin2", "alice", LifecycleState::Created),
        ("HttpBin", "v2", "/bin", "alice", LifecycleState::Published),
        ("HttpBin", "v1", "/bin", "alice", LifecycleState::Prototyped),
        ("Other", "v1", "/other", "bob", LifecycleState::Retired),
    ] {
        let row = ApiRow { provider: provider.to_owned(), state, ..api(name, version, context) };
        write.insert_api(&row).await.unwrap();
    }
    write.commit().await.unwrap();
    let base = ApiFilter { limit: 100, ..ApiFilter::default() };
    let some = |text: &str| Some(text.to_owned());
    let listed = async |filter: ApiFilter| -> Vec<String> {
        let page = bed.store.apis(&filter).await.unwrap();
        assert_eq!(page.total, page.rows.len() as u64);
        page.rows.into_iter().map(|row| format!("{} {}", row.name, row.version_name)).collect()
    };
    let all = ["HttpBin v1", "HttpBin v2", "HttpBin2 v1", "Other v1"];
    assert_eq!(listed(base.clone()).await, all);
    assert_eq!(
        listed(ApiFilter { name_contains: some("httpbin"), ..base.clone() }).await,
        all[..3]
    );
    assert_eq!(
        listed(ApiFilter { context_contains: some("BIN2"), ..base.clone() }).await,
        all[2..3]
    );
    assert_eq!(listed(ApiFilter { version_name: some("v2"), ..base.clone() }).await, all[1..2]);
    assert_eq!(listed(ApiFilter { provider: some("bob"), ..base.clone() }).await, all[3..]);
    let states = vec![LifecycleState::Published, LifecycleState::Prototyped];
    assert_eq!(listed(ApiFilter { states, ..base.clone() }).await, all[..2]);
    for sort_by in [ApiSort::Name, ApiSort::CreatedAt, ApiSort::UpdatedAt] {
        let forwards = listed(ApiFilter { sort_by, ..base.clone() }).await;
        let mut backwards = listed(ApiFilter { sort_by, descending: true, ..base.clone() }).await;
        backwards.reverse();
        assert_eq!((forwards.len(), forwards), (4, backwards));
    }
}

async fn subscriptions_are_listed_by_api_by_application_and_by_owner(bed: Bed) {
    let (one, two) = (api("A", "v1", "/a"), api("B", "v1", "/b"));
    let mut write = bed.write().await;
    write.insert_api(&one).await.unwrap();
    write.insert_api(&two).await.unwrap();
    let mut apps = Vec::new();
    for number in 0..5 {
        let app = application("o", &number.to_string());
        write.insert_application(&app).await.unwrap();
        write.insert_subscription(&subscription(app.id, one.id)).await.unwrap();
        apps.push(app.id);
    }
    write.insert_subscription(&subscription(apps[0], two.id)).await.unwrap();
    // Made last and named first; and another's.
    let (first, others) = (application("o", "*"), application("p", "0"));
    for app in [&first, &others] {
        write.insert_application(app).await.unwrap();
        write.insert_subscription(&subscription(app.id, two.id)).await.unwrap();
    }
    write.commit().await.unwrap();
    let page = bed.store.subscriptions_of_owner("o", two.id, 5, 0).await.unwrap();
    let named: Vec<_> = page.rows.iter().map(|found| found.row.application).collect();
    assert_eq!((page.total, named), (2, vec![first.id, apps[0]]));
    let page = bed.store.subscriptions_of_owner("o", two.id, 1, 1).await.unwrap();
    assert_eq!((page.total, page.rows.len(), page.rows[0].row.application), (2, 1, apps[0]));
    let page = bed.store.subscriptions_of_api(Some(one.id), 2, 4).await.unwrap();
    assert_eq!((page.total, page.rows.len(), page.rows[0].row.application), (5, 1, apps[4]));
    let page = bed.store.subscriptions_of_application(apps[0], 1, 1).await.unwrap();
    assert_eq!((page.total, page.rows.len(), page.rows[0].row.api), (2, 1, two.id));

    // Names and owners are the applications', also when those change.
    let mut write = bed.write().await;
    let renamed = ApplicationRow { name: "zz".to_owned(), ..first.clone() };
    write.update_application(renamed).await.unwrap();
    let moved = ApplicationRow { owner: "o".to_owned(), name: "1a".to_owned(), ..others.clone() };
    write.update_application(moved).await.unwrap();
    write.commit().await.unwrap();
    let page = bed.store.subscriptions_of_owner("o", two.id, 5, 0).await.unwrap();
    let named: Vec<_> = page.rows.iter().map(|found| found.row.application).collect();
    assert_eq!((page.total, named), (3, vec![apps[0], others.id, first.id]));
    let page = bed.store.subscriptions_of_owner("p", two.id, 5, 0).await.unwrap();
    assert_eq!((page.total, page.rows.len()), (0, 0));
}

async fn databases_of_before_have_their_subscriptions_listed_by_owner(bed: Bed) {
    let (one, app) = (api("A", "v1", "/a"), application("o", "mine"));
    let mut write = bed.write().await;
    write.insert_api(&one).await.unwrap();
    write.insert_application(&app).await.unwrap();
    write.insert_subscription(&subscription(app.id, one.id)).await.unwrap();
    write.commit().await.unwrap();
    bed.goes_back_to(6).await;
    let page = bed.another().await.subscriptions_of_owner("o", one.id, 5, 0).await.unwrap();
    assert_eq!((page.total, page.rows[0].row.application), (1, app.id));
}

async fn the_apis_that_were_changed_last_come_first(bed: Bed) {
    let states = [LifecycleState::Published, LifecycleState::Deprecated, LifecycleState::Created];
    let mut ids = Vec::new();
    for (number, state) in states.into_iter().enumerate() {
        let name = number.to_string();
        let row = ApiRow { state, ..api(&name, "v1", &format!("/{name}")) };
        let mut write = bed.write().await;
        write.insert_api(&row).await.unwrap();
        write.commit().await.unwrap();
        ids.push(row.id);
    }
    // By their times, and by their ids where those are the same.
    let mut rows = bed.store.all_apis().await.unwrap();
    rows.sort_by_key(|row| std::cmp::Reverse((row.updated_at, row.id)));
    let sorted = |states: &[LifecycleState]| -> Vec<Uuid> {
        let of_state = rows.iter().filter(|row| states.contains(&row.state));
        of_state.map(|row| row.id).collect()
    };
    let listed = async |states: &[LifecycleState], limit| -> Vec<Uuid> {
        let rows = bed.store.apis_changed_last(states, limit).await.unwrap();
        rows.into_iter().map(|row| row.id).collect()
    };
    assert_eq!(listed(&states, 9).await, sorted(&states));
    assert_eq!(listed(&states[..2], 9).await, sorted(&states[..2]));
    assert_eq!(listed(&states, 1).await, sorted(&states)[..1]);
}
