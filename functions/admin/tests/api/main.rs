//! The admin API from outside: its router over a store in memory.

mod access;
mod audit;
mod config;
mod events;
mod keys;
mod lists;
mod pause;
mod people;
mod runs;
mod settings;
mod world;
