//! Where the simulation may step in: at the start and at the end of every operation.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;

/// What the store is asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Operation {
    /// `Store::get`
    Get,
    /// `Store::group`
    Group,
    /// `Store::list`
    List,
    /// `Store::due`
    Due,
    /// `Store::claim`
    Claim,
    /// `Store::commit`
    Commit,
    /// `Store::records`
    Records,
}

/// Before or after it is done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Point {
    /// Nothing has happened yet. A task killed here has done nothing.
    Start,
    /// It has happened, and the answer is not known yet. A task killed here has lost the answer.
    End,
}

/// A place where a task can be interleaved or killed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Moment {
    /// What is asked.
    pub operation: Operation,
    /// Before or after.
    pub point: Point,
}

/// Awaited at every [`Moment`]; drop the task while it waits to kill it there.
pub type Hook = Arc<dyn Fn(Moment) -> BoxFuture<'static, ()> + Send + Sync>;

/// Lets every other task run once.
pub fn yield_once() -> impl Future<Output = ()> + Send + 'static {
    YieldOnce(false)
}

struct YieldOnce(bool);

impl Future for YieldOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
