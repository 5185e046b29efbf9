//! Plausible invented people for demos and tests; every address ends in `.example`.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Serialize;

use crate::lever::NewCandidate;

const FIRST_NAMES: [&str; 40] = [
    "Ada", "Amara", "Anton", "Beatriz", "Bram", "Chidi", "Clara", "Dalia", "Daniel", "Elif",
    "Emre", "Farah", "Felix", "Greta", "Hana", "Hugo", "Ines", "Ivo", "Jamal", "Jana", "Kenji",
    "Lea", "Linh", "Mateo", "Maya", "Milan", "Nadia", "Noor", "Olu", "Petra", "Priya", "Rafael",
    "Rosa", "Samir", "Sofia", "Tomas", "Uma", "Viktor", "Yara", "Zoe",
];

const LAST_NAMES: [&str; 40] = [
    "Abara",
    "Almeida",
    "Andersen",
    "Bauer",
    "Berg",
    "Castro",
    "Chen",
    "Costa",
    "Dahl",
    "Diaz",
    "Eze",
    "Ferrari",
    "Fischer",
    "Garcia",
    "Haddad",
    "Hansen",
    "Ito",
    "Jensen",
    "Kaya",
    "Khan",
    "Kovacs",
    "Larsen",
    "Lindqvist",
    "Mensah",
    "Moreau",
    "Nguyen",
    "Novak",
    "Okafor",
    "Park",
    "Patel",
    "Petrov",
    "Quinn",
    "Ramos",
    "Rossi",
    "Sato",
    "Schmidt",
    "Silva",
    "Tanaka",
    "Weber",
    "Yilmaz",
];

/// A department with its teams and its job titles.
struct Department {
    name: &'static str,
    share: u32,
    teams: &'static [&'static str],
    titles: &'static [&'static str],
}

const DEPARTMENTS: [Department; 6] = [
    Department {
        name: "Engineering",
        share: 40,
        teams: &["Platform", "Payments", "Mobile", "Data"],
        titles: &[
            "Software Engineer",
            "Senior Software Engineer",
            "Site Reliability Engineer",
            "Engineering Manager",
        ],
    },
    Department {
        name: "Sales",
        share: 20,
        teams: &["EMEA", "Americas", "Partners"],
        titles: &[
            "Account Executive",
            "Sales Development Representative",
            "Solutions Engineer",
        ],
    },
    Department {
        name: "Design",
        share: 10,
        teams: &["Product Design", "Brand"],
        titles: &[
            "Product Designer",
            "Senior Product Designer",
            "Design Researcher",
        ],
    },
    Department {
        name: "Customer Success",
        share: 12,
        teams: &["Onboarding", "Support"],
        titles: &["Customer Success Manager", "Support Specialist"],
    },
    Department {
        name: "Finance",
        share: 8,
        teams: &["Accounting", "Planning"],
        titles: &["Accountant", "Financial Analyst"],
    },
    Department {
        name: "People",
        share: 10,
        teams: &["Recruiting", "Operations"],
        titles: &["Recruiter", "People Partner", "Office Manager"],
    },
];

const LOCATIONS: [&str; 5] = ["Berlin", "Lisbon", "London", "New York", "Singapore"];

const DAY_MS: i64 = 86_400_000;

/// An invented person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Employee {
    /// The whole name.
    pub name: String,
    /// The private address, at `mail.example`.
    pub personal_email: String,
    /// The address at work, at the company's domain.
    pub work_email: String,
    /// The department.
    pub department: &'static str,
    /// The team inside the department.
    pub team: &'static str,
    /// The job title.
    pub title: &'static str,
    /// The city.
    pub location: &'static str,
    /// The first day: midnight UTC in milliseconds since 1970.
    pub start_date_ms: i64,
}

impl Employee {
    /// The same person as a candidate for Lever.
    pub fn candidate(&self) -> NewCandidate {
        NewCandidate {
            name: self.name.clone(),
            emails: vec![self.personal_email.clone()],
            title: self.title.to_owned(),
            department: Some(self.department.to_owned()),
            team: Some(self.team.to_owned()),
            location: Some(self.location.to_owned()),
            start_date_ms: Some(self.start_date_ms),
            ..NewCandidate::default()
        }
    }
}

/// An endless, repeatable source of invented people of one company; no two share a name.
pub struct Company {
    domain: String,
    today_ms: i64,
    rng: StdRng,
    order: Vec<usize>,
    hired: usize,
}

impl Company {
    /// People with addresses at `<name>.example` who start in the weeks around `today_ms`.
    pub fn new(name: &str, seed: u64, today_ms: i64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut order: Vec<usize> = (0..FIRST_NAMES.len() * LAST_NAMES.len()).collect();
        for last in (1..order.len()).rev() {
            order.swap(last, rng.random_range(0..=last));
        }
        Self {
            domain: format!("{}.example", name.to_lowercase()),
            today_ms: today_ms - today_ms.rem_euclid(DAY_MS),
            rng,
            order,
            hired: 0,
        }
    }

    /// The company's domain.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The next hire, who starts one to eight weeks from today.
    pub fn hire(&mut self) -> Employee {
        let days = self.rng.random_range(7..=56);
        self.person(days)
    }

    /// This many people who have been there for one month to six years.
    pub fn staff(&mut self, count: usize) -> Vec<Employee> {
        (0..count)
            .map(|_| {
                let days = self.rng.random_range(30..=2_190);
                self.person(-days)
            })
            .collect()
    }

    fn person(&mut self, starts_in_days: i64) -> Employee {
        let (first, last, number) = self.next_name();
        let department = self.department();
        let family = last.split(' ').next().unwrap_or(&last);
        let local = format!("{first}.{family}{number}").to_lowercase();
        Employee {
            name: format!("{first} {last}"),
            personal_email: format!("{local}@mail.example"),
            work_email: format!("{local}@{}", self.domain),
            department: department.name,
            team: pick(&mut self.rng, department.teams),
            title: pick(&mut self.rng, department.titles),
            location: pick(&mut self.rng, &LOCATIONS),
            start_date_ms: self.today_ms + starts_in_days * DAY_MS,
        }
    }

    /// After all 1,600 names they come again, with a number in name and address.
    fn next_name(&mut self) -> (&'static str, String, String) {
        let round = self.hired / self.order.len();
        let place = self.hired % self.order.len();
        self.hired += 1;
        let index = self.order.get(place).copied().unwrap_or(0);
        let first = FIRST_NAMES
            .get(index % FIRST_NAMES.len())
            .copied()
            .unwrap_or("Ada");
        let last = LAST_NAMES
            .get(index / FIRST_NAMES.len())
            .copied()
            .unwrap_or("Park");
        if round == 0 {
            return (first, last.to_owned(), String::new());
        }
        let number = (round + 1).to_string();
        (first, format!("{last} {number}"), number)
    }

    fn department(&mut self) -> &'static Department {
        let total: u32 = DEPARTMENTS.iter().map(|one| one.share).sum();
        let mut ticket = self.rng.random_range(0..total);
        for department in &DEPARTMENTS {
            if ticket < department.share {
                return department;
            }
            ticket -= department.share;
        }
        let [first, ..] = &DEPARTMENTS;
        first
    }
}

fn pick(rng: &mut StdRng, from: &'static [&'static str]) -> &'static str {
    let index = rng.random_range(0..from.len().max(1));
    from.get(index).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn people_repeat_with_the_seed_and_nobody_shares_an_address() {
        let mut company = Company::new("Contoso", 7, 1_767_607_215_123);
        let staff = company.staff(2_000);
        let addresses: BTreeSet<&str> = staff.iter().map(|one| one.work_email.as_str()).collect();

        assert_eq!(addresses.len(), 2_000);
        assert!(
            addresses
                .iter()
                .all(|one| one.ends_with("@contoso.example"))
        );
        assert_eq!(
            staff,
            Company::new("Contoso", 7, 1_767_607_215_123).staff(2_000)
        );
    }

    #[test]
    fn a_hire_starts_at_midnight_in_the_future() {
        let today = 1_767_607_215_123;
        let hire = Company::new("Contoso", 7, today).hire();

        assert!(hire.start_date_ms > today);
        assert_eq!(hire.start_date_ms % DAY_MS, 0);
        assert_eq!(hire.candidate().emails, [hire.personal_email]);
    }
}
