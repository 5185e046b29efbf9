//! What every store must keep, asked of each: DynamoDB's operations in memory, on disk, and the simulation's store.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod audit;
mod due;
mod items;
mod lists;
mod world;

/// Runs every case against every store.
macro_rules! contract {
    ($($part:ident: $($case:ident),+;)+) => {
        mod memory_store {
            $($(#[tokio::test]
            async fn $case() {
                crate::$part::$case(&crate::world::memory()).await;
            })+)+
        }
        mod dynamo_store_in_memory {
            $($(#[tokio::test]
            async fn $case() {
                crate::$part::$case(&crate::world::embedded().await).await;
            })+)+
        }
        mod dynamo_store_on_disk {
            $($(#[tokio::test]
            async fn $case() {
                crate::$part::$case(&crate::world::on_disk().await).await;
            })+)+
        }
    };
}

contract! {
    items:
        what_was_put_is_read_back,
        what_is_not_there_is_none,
        an_item_is_created_only_once,
        a_put_over_an_older_version_conflicts,
        a_put_over_what_is_not_there_conflicts,
        a_delete_names_the_version_it_deletes,
        an_item_that_was_deleted_can_be_created_again,
        a_check_lets_a_commit_through_only_while_it_holds,
        a_commit_is_all_or_nothing_even_if_its_last_item_fails,
        the_conflict_names_the_first_item_that_moved,
        a_commit_has_at_most_its_limit_of_items,
        an_empty_commit_does_nothing,
        a_commit_that_names_an_item_twice_is_refused,
        a_large_body_is_kept,
        a_body_or_commit_beyond_what_dynamodb_takes_is_refused,
        names_with_any_character_are_kept_apart,
        a_commit_repeated_after_a_lost_answer_happens_once,
        of_two_callers_who_decide_the_same_one_wins,
        entities_are_read_by_their_type,
        grants_lie_with_their_person_in_the_order_of_their_keys,
        groups_show_a_write_at_once,
        several_items_are_read_in_the_order_asked_for;
    due:
        a_claim_moves_due_time_and_version,
        of_two_claimers_one_wins,
        the_commit_of_a_zombie_conflicts_after_a_claim,
        what_is_not_there_cannot_be_claimed,
        what_is_due_comes_oldest_first_until_the_time_given,
        every_entry_is_due_in_exactly_one_shard,
        what_has_no_due_time_is_not_due,
        what_is_claimed_is_due_when_the_lease_ends,
        no_more_than_the_limit_is_due_at_once;
    lists:
        a_list_merges_its_states_newest_first,
        pages_together_are_the_list_each_item_once,
        a_page_is_whole_even_if_all_its_items_lie_in_one_shard,
        a_cursor_stays_good_while_newer_items_come,
        a_cursor_of_another_list_is_refused,
        what_stands_before_a_moment_is_listed_newest_first,
        what_has_moved_to_another_state_is_not_listed,
        what_was_deleted_is_not_listed,
        the_items_of_a_person_are_listed_newest_first,
        grants_are_listed_by_their_application_while_they_are_held,
        a_list_without_items_is_one_empty_page,
        a_roster_is_paged_in_the_order_of_its_hashes,
        syncs_are_paged_newest_first,
        words_are_paged_in_the_order_of_their_marks;
    audit:
        records_are_read_in_order_from_any_place,
        records_beyond_nine_come_in_real_order,
        a_record_never_takes_the_place_of_another,
        a_record_and_its_entity_are_committed_together,
        streams_are_kept_apart;
}
