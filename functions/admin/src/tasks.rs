//! Tasks: work that only a human can do.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use sando_core::admin::tasks;
use sando_core::ids::TaskId;
use sando_core::store::{Entity, Loaded, Query};
use sando_core::task::{Task, TaskKind, TaskState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::{MayOperate, MayRead};
use crate::body::{Body, InPath, InQuery, word};
use crate::list::{Listed, gather};
use crate::problem::Problem;
use crate::views::ReasonBody;

/// Work that only a human can do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskView {
    id: String,
    /// `step`, `manual`, `failed`, `missing` or `judge`.
    #[schema(value_type = String)]
    kind: TaskKind,
    owner: String,
    title: String,
    state: String,
    person: Option<String>,
    run: Option<String>,
    step: Option<String>,
    app: Option<String>,
    detail: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    due: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// It was said to be done; the next roster of the application shows whether it was.
    awaits_roster: bool,
    /// Who the person perhaps is: merged they are one human, completed they are two.
    perhaps: Option<String>,
}

impl From<&Task> for TaskView {
    fn from(task: &Task) -> Self {
        Self {
            id: task.id.to_string(),
            kind: task.kind,
            owner: task.owner.clone(),
            title: task.title.clone(),
            state: task.state.as_str().to_owned(),
            person: task.person.as_ref().map(ToString::to_string),
            run: task.run.as_ref().map(ToString::to_string),
            step: task.step.as_ref().map(ToString::to_string),
            app: task.app.as_ref().map(ToString::to_string),
            detail: task.detail.clone(),
            due: task.due,
            created_at: task.created_at,
            ended_at: task.ended_at,
            awaits_roster: task.awaits_roster,
            perhaps: task.perhaps.as_ref().map(ToString::to_string),
        }
    }
}

/// Which part of the list of tasks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TasksQuery {
    owner: Option<String>,
    state: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// Lists tasks, newest first.
#[utoipa::path(get, path = "/v1/tasks", tag = "tasks", operation_id = "list_tasks",
    params(("owner" = Option<String>, Query), ("state" = Option<String>, Query),
        ("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listed<TaskView>)))]
pub(crate) async fn list(
    _: MayRead,
    State(api): State<Api>,
    InQuery(query): InQuery<TasksQuery>,
) -> Result<Json<Listed<TaskView>>, Problem> {
    let states: Vec<TaskState> = match &query.state {
        Some(state) => vec![word("state", state)?],
        None => TaskState::ALL.to_vec(),
    };
    let wanted = Query::States {
        kind: Task::KIND,
        states: states
            .iter()
            .flat_map(|state| state.lists())
            .copied()
            .collect(),
    };
    let keep = |task: &Task| {
        let fits = query
            .owner
            .as_ref()
            .is_none_or(|owner| task.owner == *owner);
        fits && states.contains(&task.state)
    };
    let listed = gather(&api, &wanted, query.limit, query.cursor, keep).await?;
    Ok(Json(
        listed.map(|task: Loaded<Task>| TaskView::from(&task.entity)),
    ))
}

/// Says that a task is done; the run that waits for it goes on.
#[utoipa::path(post, path = "/v1/tasks/{id}/@complete", tag = "tasks", operation_id = "complete_task",
    params(("id" = String, Path)), request_body = ReasonBody,
    responses((status = 200, body = TaskView)))]
pub(crate) async fn complete(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    InPath(id): InPath<TaskId>,
    Body(body): Body<ReasonBody>,
) -> Result<Json<TaskView>, Problem> {
    let who = caller.who(&api);
    let task = tasks::complete(&api.ports, &who, &id, &body.reason).await?;
    Ok(Json(TaskView::from(&task.entity)))
}

/// Whose work it is from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReassignBody {
    /// An address or `role:…`.
    owner: String,
}

/// Gives a task to somebody else.
#[utoipa::path(post, path = "/v1/tasks/{id}/@reassign", tag = "tasks", operation_id = "reassign_task",
    params(("id" = String, Path)), request_body = ReassignBody,
    responses((status = 200, body = TaskView)))]
pub(crate) async fn reassign(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    InPath(id): InPath<TaskId>,
    Body(body): Body<ReassignBody>,
) -> Result<Json<TaskView>, Problem> {
    let who = caller.who(&api);
    let task = tasks::reassign(&api.ports, &who, &id, &body.owner).await?;
    Ok(Json(TaskView::from(&task.entity)))
}
