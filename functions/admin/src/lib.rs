//! functions/admin
