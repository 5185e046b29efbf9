//! The durable inbox: a delivery is stored before its message is gone, and everything after runs from `due`.

use crate::audit::{Cause, StreamId};
use crate::changes::{Changes, Line, Origin};
use crate::event::{EventMessage, Hint, StoredDelivery};
use crate::ports::Ports;
use crate::store::{Key, StoreError};

use super::{HandleError, handshake, ledger};

/// Takes in a message of the queue `events`.
///
/// # Errors
/// If it could not be stored: the message must stay in the queue.
pub async fn take_in(ports: &Ports, message: EventMessage) -> Result<(), HandleError> {
    match message {
        EventMessage::Look(hint) => receive(ports, *hint).await,
        EventMessage::Ping { ping } => handshake::change(ports, |known| known.hear(&ping)).await,
    }
}

/// Stores a delivery, once. A repeat changes nothing; a token seen with other content is recorded and causes nothing.
///
/// # Errors
/// If it could not be stored: the message must stay in the queue.
pub async fn receive(ports: &Ports, hint: Hint) -> Result<(), HandleError> {
    let now = ports.clock.now();
    let delivery = StoredDelivery::new(hint, now);
    let origin = Origin::sando(Cause::of("delivery", &delivery.id), &delivery.id, now);
    let mut changes = Changes::new(origin.clone());
    changes.insert(&delivery);
    match ledger::commit(ports, changes).await {
        Err(HandleError::Store(StoreError::Conflict { .. })) => {
            repeated(ports, &delivery, origin).await
        }
        done => done,
    }
}

async fn repeated(
    ports: &Ports,
    delivery: &StoredDelivery,
    origin: Origin,
) -> Result<(), HandleError> {
    let key = Key::Delivery(delivery.id.clone());
    let Some(known) = ports.store.find::<StoredDelivery>(&key).await? else {
        return Ok(());
    };
    if known.entity.hint.content_hash == delivery.hint.content_hash {
        return Ok(());
    }
    tracing::warn!(delivery.id = %delivery.id, "a token was seen again with other content: it causes nothing");
    let mut changes = Changes::new(origin);
    let target = format!("delivery/{}", delivery.id);
    changes.say(Line::new(
        StreamId::Events,
        "refused a token that was seen with other content",
        target,
    ));
    ledger::commit(ports, changes).await
}
