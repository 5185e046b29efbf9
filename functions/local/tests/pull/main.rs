//! `sando check`, `preview`, `pull` and `schema`: the real binary against a simulated application.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[cfg(test)]
mod authentication;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod encodings;
#[cfg(test)]
mod lies;
#[cfg(test)]
mod paging;
#[cfg(test)]
mod printed;
#[cfg(test)]
mod several;
#[cfg(test)]
mod tutorial;
#[cfg(test)]
mod usage;
