//! Sentences about how people are told.

pub(in crate::console) const NOTIFICATION: &str = "How people are told";
pub(in crate::console) const NOTIFICATION_MEANS: &str = "Whoever has a webhook is told there, everybody else by mail. On one machine every \
     message is kept in the folder notifications of the data folder as well; on AWS the topic tells of those that reach nobody, with ids only.";
pub(in crate::console) const NOTIFICATION_SAVE: &str = "Save how people are told";
pub(in crate::console) const MAIL: &str = "Mail server";
pub(in crate::console) const MAIL_FROM: &str = "Whom mail comes from; empty for no mail";
pub(in crate::console) const MAIL_HOST: &str = "Server, such as smtp.contoso.example";
pub(in crate::console) const MAIL_PORT: &str = "Port, 587 if left empty";
pub(in crate::console) const MAIL_PORT_WRONG: &str = "a whole number from 0 to 65535";
pub(in crate::console) const MAIL_SECURITY: &str = "How the connection is secured";
pub(in crate::console) const MAIL_STARTTLS: &str = "STARTTLS";
pub(in crate::console) const MAIL_TLS: &str = "TLS from the first byte";
pub(in crate::console) const MAIL_PLAIN: &str = "Not at all: to this machine only";
pub(in crate::console) const MAIL_USERNAME: &str = "User name, where the server asks";
pub(in crate::console) const MAIL_PASSWORD: &str = "Password";
pub(in crate::console) const HOOKS: &str = "Webhooks of chats";
pub(in crate::console) const HOOKS_HINT: &str =
    "Incoming webhooks as Slack has them. A secret that is left empty stays as it is.";
pub(in crate::console) const HOOK_FORGET: &str = "Forget the webhook of";
pub(in crate::console) const HOOK_WHO: &str = "Whom another webhook reaches";
pub(in crate::console) const HOOK_WHO_HINT: &str =
    "An address, such as an owner's, or a role or group: role:it-admin, group:security.";
pub(in crate::console) const HOOK_URL: &str = "Its address";
pub(in crate::console) const TEST_TO: &str = "Send a test message to";
pub(in crate::console) const TEST_SEND: &str = "Send the test message";
pub(in crate::console) const TEST_SENT: &str =
    "It was taken. Look whether it arrived: a mail server may still turn it away later.";

/// What came of a test message.
pub(in crate::console) fn notification_tested(to: &str, is_sent: bool) -> String {
    if is_sent {
        format!("A test message for {to} is on its way.")
    } else {
        format!("The test message for {to} could not be sent.")
    }
}
