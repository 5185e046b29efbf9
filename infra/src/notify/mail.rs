//! Mail over SMTP.

use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use sando_core::ports::{Notification, RemoteError, Sent};
use sando_core::settings::{MailSettings, Security};

/// How errors call it.
const REMOTE: &str = "the mail server";
/// How long a message may take.
const WITHIN: Duration = Duration::from_secs(20);
/// The longest subject, in characters.
const SUBJECT: usize = 120;
/// The longest text, in characters.
const LONGEST: usize = 64 * 1024;
/// The most that one message goes to.
const MOST: usize = 100;

/// A mail server, as the settings name it.
pub(super) struct Server<'a> {
    pub(super) settings: &'a MailSettings,
    pub(super) password: Option<&'a str>,
    /// Without TLS, to this machine.
    pub(super) allow_plain: bool,
}

fn forbidden(why: impl Into<String>) -> RemoteError {
    RemoteError::Forbidden {
        remote: REMOTE.to_owned(),
        why: why.into(),
    }
}

fn is_loopback(host: &str) -> bool {
    let ip: Result<std::net::IpAddr, _> = host.parse();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

impl Server<'_> {
    /// Sends one message to all of them, once.
    pub(super) async fn send(
        &self,
        to: &[String],
        notification: &Notification,
    ) -> Result<(), RemoteError> {
        let message = self.message(to, notification)?;
        let transport = self.transport()?;
        let sending = tokio::time::timeout(WITHIN, transport.send(message));
        match sending.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.failed(&error)),
            Err(_) => Err(RemoteError::NoAnswer {
                remote: REMOTE.to_owned(),
                why: "time-out".to_owned(),
                sent: Sent::Perhaps,
            }),
        }
    }

    fn message(&self, to: &[String], notification: &Notification) -> Result<Message, RemoteError> {
        let mailbox = |address: &str, of: &str| {
            let parsed: Result<Address, _> = address.parse();
            let address = parsed.map_err(|_| forbidden(format!("{of} is no address")))?;
            Ok::<Mailbox, RemoteError>(Mailbox::new(None, address))
        };
        let text = &notification.text;
        let mut builder: MessageBuilder = Message::builder()
            .from(mailbox(&self.settings.from, "the sender in the settings")?)
            .subject(subject(text))
            .message_id(Some(format!("<{}@sando>", notification.key)))
            .header(ContentType::TEXT_PLAIN);
        for address in to.iter().take(MOST) {
            builder = builder.to(mailbox(address, "a recipient")?);
        }
        let body: String = text.chars().take(LONGEST).collect();
        builder
            .body(body)
            .map_err(|error| forbidden(format!("the message cannot be written: {error}")))
    }

    fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, RemoteError> {
        let MailSettings { host, port, .. } = self.settings;
        let parameters = || {
            TlsParameters::new(host.clone())
                .map_err(|error| forbidden(format!("TLS cannot be set up: {error}")))
        };
        let tls = match self.settings.security {
            Security::Starttls => Tls::Required(parameters()?),
            Security::Tls => Tls::Wrapper(parameters()?),
            Security::None if self.allow_plain && is_loopback(host) => Tls::None,
            Security::None => {
                let why = "without TLS mail goes to this machine only, and only with SANDO_ALLOW_LOOPBACK=1";
                return Err(forbidden(why));
            }
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(*port)
            .tls(tls)
            .timeout(Some(WITHIN));
        if let (Some(username), Some(password)) = (&self.settings.username, self.password) {
            let credentials = Credentials::new(username.clone(), password.to_owned());
            transport = transport.credentials(credentials);
        }
        Ok(transport.build())
    }

    /// What the server says never quotes a password: SMTP does not echo it, and it is masked all the same.
    fn failed(&self, error: &Error) -> RemoteError {
        let mask = crate::http::Mask::default().with(self.password);
        let message = mask.clean(&error.to_string());
        if error.is_permanent() {
            return RemoteError::Refused {
                remote: REMOTE.to_owned(),
                status: 550,
                message,
            };
        }
        RemoteError::NoAnswer {
            remote: REMOTE.to_owned(),
            why: message,
            sent: Sent::Perhaps,
        }
    }
}

/// The first line, bounded, without anything that would end a header.
fn subject(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    let short: String = line.chars().take(SUBJECT).collect();
    format!("Sando: {short}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_one_short_line() {
        assert_eq!(
            subject("Task: a\r\u{7}b\nBcc: x@mail.example"),
            "Sando: Task: ab"
        );
        assert_eq!(subject(&"x".repeat(500)).chars().count(), 7 + SUBJECT);
    }

    #[test]
    fn plain_mail_stays_on_this_machine() {
        for (host, fits) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("::1", true),
            ("mail.example", false),
            ("127.0.0.1.mail.example", false),
        ] {
            assert_eq!(is_loopback(host), fits, "{host}");
        }
    }
}
