//! List prices of AWS in us-east-1, in dollars, as published in November 2026, without what is free of charge. Nothing else
//! knows a price.

/// DynamoDB on demand: a million write request units.
pub(super) const WRITES: f64 = 0.625;
/// DynamoDB on demand: a million read request units.
pub(super) const READS: f64 = 0.125;
/// DynamoDB: a gigabyte for a month, with point-in-time recovery.
pub(super) const STORED_GB: f64 = 0.25 + 0.20;
/// SQS, standard queues: a million requests.
pub(super) const QUEUED: f64 = 0.40;
/// Lambda: a million invocations.
pub(super) const INVOKED: f64 = 0.20;
/// Lambda on arm64: a gigabyte for a second.
pub(super) const GB_SECOND: f64 = 0.000_013_333_4;
/// API Gateway, HTTP APIs: a million calls.
pub(super) const ROUTED: f64 = 1.0;
/// EventBridge Scheduler: a million invocations.
pub(super) const SCHEDULED: f64 = 1.0;
/// KMS: a key for a month. Each of the first two yearly rotations adds as much.
pub(super) const KEY: f64 = 1.0;
/// KMS: ten thousand requests.
pub(super) const KEY_USED: f64 = 0.03;
/// Secrets Manager: a secret for a month.
pub(super) const SECRET: f64 = 0.40;
/// Secrets Manager: ten thousand calls.
pub(super) const SECRET_READ: f64 = 0.05;
/// CloudWatch: a metric that is told in every hour of a month; one that is told in some costs its share.
pub(super) const METRIC: f64 = 0.30;
/// CloudWatch: an alarm for a month.
pub(super) const ALARM: f64 = 0.10;
/// CloudWatch: a dashboard for a month. Three in an account, with 50 metrics each, cost nothing.
pub(super) const DASHBOARD: f64 = 3.0;
/// CloudWatch: a gigabyte of logs taken in.
pub(super) const LOGGED_GB: f64 = 0.50;
/// S3: a thousand objects put.
pub(super) const PUT: f64 = 0.005;
