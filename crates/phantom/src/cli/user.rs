//! `phantom user`: who may sign in to the control plane, and with which roles.

use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use phantom_access::users;
use phantom_core::Clock;
use phantom_store::Actor;
use phantom_store::Store;
use tokio::runtime::Runtime;

use crate::cli::output;
use crate::cli::run::compiled;
use crate::cli::secret;
use crate::clock::SystemClock;
use crate::compose::control;

/// Where a password comes from.
const PASSWORD: (&str, &str) = ("PHANTOM_USER_PASSWORD", "--password-file");

const EXAMPLES: &str = "\
Examples:
  PHANTOM_USER_PASSWORD=… phantom user -c phantom.toml \\
      add sue --role Internal/subscriber
  phantom user -c phantom.toml password admin --password-file new-password
  phantom user -c phantom.toml roles sue --role Internal/creator
  phantom user -c phantom.toml list
  phantom user -c phantom.toml remove sue

Roles: admin, Internal/creator, Internal/devops, Internal/everyone, Internal/integration_dev,
Internal/publisher, Internal/subscriber.

Exit codes: 0 done; 1 not done; 2 wrong usage.";

/// Add, change, list and remove users of the control plane
///
/// Works on the store of the configuration, whether the control plane runs or not.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The configuration file, with [control]
    #[arg(short, long, global = true, value_name = "FILE", default_value = super::DEFAULT_CONFIG)]
    config: PathBuf,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Add a user
    #[command(after_help = EXAMPLES)]
    Add {
        name: String,
        /// May be given more than once
        #[arg(long = "role", value_name = "ROLE", required = true)]
        roles: Vec<String>,
        /// File with the password; default: PHANTOM_USER_PASSWORD
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Set a user's password; its tokens end
    #[command(after_help = EXAMPLES)]
    Password {
        name: String,
        /// File with the password; default: PHANTOM_USER_PASSWORD
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Set a user's roles, in place of those it had
    #[command(after_help = EXAMPLES)]
    Roles {
        name: String,
        /// May be given more than once
        #[arg(long = "role", value_name = "ROLE", required = true)]
        roles: Vec<String>,
    },
    /// List users and their roles
    #[command(after_help = EXAMPLES)]
    List,
    /// Remove a user with its tokens and applications, their keys and subscriptions; APIs stay
    #[command(after_help = EXAMPLES)]
    Remove { name: String },
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let Some(store) = open(&args.config, &clock, &runtime)? else {
        return Ok(ExitCode::from(super::FAILED));
    };
    runtime.block_on(act(&args.action, &store, &*clock))?;
    runtime.block_on(store.close());
    Ok(ExitCode::SUCCESS)
}

/// The store of a configuration; `None` where that is wrong, which has been said.
pub(super) fn open(
    config: &Path,
    clock: &Arc<dyn Clock>,
    runtime: &Runtime,
) -> anyhow::Result<Option<Store>> {
    let Some(valid) = compiled(config, clock)? else { return Ok(None) };
    let Some(control) = &valid.control else {
        bail!("{} has no [control], so there is no store", config.display());
    };
    Ok(Some(control::open_store(control, &valid.data_dir, runtime.handle())?))
}

async fn act(action: &Action, store: &Store, clock: &dyn Clock) -> anyhow::Result<()> {
    let now = clock.now().wall;
    let actor = Actor { name: "phantom user".to_owned(), address: None };
    match action {
        Action::List => {
            for user in store.users().await? {
                let roles: Vec<&str> = user.roles.iter().map(|role| role.as_str()).collect();
                output::line(&format!("{}\t{}", user.name, roles.join(", ")));
            }
            return Ok(());
        }
        Action::Add { name, roles, password_file } => {
            let password = secret::read("password", password_file.as_ref(), PASSWORD, None)?;
            let user = users::new(name, &password, roles, now).await?;
            let mut write = store.write(&actor, now).await?;
            users::add(&mut write, &user).await?;
            write.commit().await?;
        }
        Action::Password { name, password_file } => {
            let password = secret::read("password", password_file.as_ref(), PASSWORD, None)?;
            let hash = users::hashed(name, &password).await?;
            let mut write = store.write(&actor, now).await?;
            users::set_password(&mut write, name, hash).await?;
            write.commit().await?;
        }
        Action::Roles { name, roles } => {
            let mut write = store.write(&actor, now).await?;
            users::set_roles(&mut write, name, roles).await?;
            write.commit().await?;
        }
        Action::Remove { name } => {
            let mut write = store.write(&actor, now).await?;
            users::remove(&mut write, name).await?;
            write.commit().await?;
        }
    }
    output::line("Done.");
    Ok(())
}
