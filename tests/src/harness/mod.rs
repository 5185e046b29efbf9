//! A whole Sando over real adapters and real HTTP servers, with a clock that the test moves and a doom that kills it.

mod books;
mod clock;
mod doom;
mod fleet;
mod keeper;
mod machine;
mod oauth;
mod python;
mod queue;
mod scene;
mod site;
mod units;

pub use clock::TestClock;
pub use doom::Doom;
pub use fleet::{Done, Fleet, Meter};
pub use keeper::SecretMeter;
pub use machine::{Machine, hint};
pub use oauth::PythonOauth;
pub use python::{PythonMail, PythonScim, loopback_client};
pub use queue::TestQueue;
pub use scene::{Scene, engineer};
pub use site::{Site, SiteOptions, put, scim_file};
pub use units::{UnitMeter, Units};
