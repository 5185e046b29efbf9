//! Life stories: an ordered list of outside events each, told to core's real handlers at fake ports under a fake clock,
//! in every way in which its deliveries can come, and compared with what it says is to come of it.

mod acts;
mod apps;
mod company;
mod diary;
mod lever;
mod ports;
mod roster;
mod story;
mod tell;
mod world;

pub use story::{Act, Seen, Story, stories};
pub use tell::{Told, Way, tell, ways};
