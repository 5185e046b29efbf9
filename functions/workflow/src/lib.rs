//! functions/workflow
