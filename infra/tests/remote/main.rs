//! Remotes: the guarded client against hostile servers, Lever, SCIM and HTTP applications against the simulated world.

#[cfg(test)]
mod applications;
#[cfg(test)]
mod auth;
#[cfg(test)]
mod given;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod http_app;
#[cfg(test)]
mod lent;
#[cfg(test)]
mod lever;
#[cfg(test)]
mod lever_forms;
#[cfg(test)]
mod notify;
#[cfg(test)]
mod pace;
#[cfg(test)]
mod packed;
#[cfg(test)]
mod scim;
#[cfg(test)]
mod scim_groups;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod watch;
