//! functions/schedule
