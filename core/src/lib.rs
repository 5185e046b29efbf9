//! core

pub mod condition;
pub mod mistake;
pub mod moment;
pub mod path;
pub mod template;
pub mod value;
