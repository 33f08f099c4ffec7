use proptest::prelude::*;

use super::*;

const S: fn(u64) -> Duration = Duration::from_secs;

fn plan() -> Plan {
    Plan {
        steps: vec![500, 2_500, 5_000],
        step_every: S(10),
        soak: S(30),
        deadline: S(3_600),
        drain: S(5),
        rollback_max: S(120),
    }
}

fn seen() -> Observation {
    Observation {
        guard: Some(Opinion::Go),
        compare: None,
        prewarm: None,
        mirrored: false,
        to_healthy: true,
        from_healthy: true,
        drained: false,
    }
}

fn started(seen: &Observation) -> State {
    let rest = State::at_rest(0, S(0), "declared");
    command(&plan(), &rest, S(0), seen, Command::Start { hold: false }).unwrap()
}

/// Phases and shares of a rollout that is looked at every second.
fn course(mut state: State, seen: &Observation) -> Vec<(u64, Phase, u16)> {
    let mut course = vec![(0, state.phase, state.share)];
    for second in 1..200 {
        if let Some(next) = step(&plan(), &state, S(second), seen) {
            course.push((second, next.phase, next.share));
            state = next;
        }
    }
    course
}

#[test]
fn a_rollout_goes_through_all_its_phases() {
    use Phase::*;
    let all = Observation {
        mirrored: true,
        compare: Some(Opinion::Go),
        prewarm: Some(Opinion::Go),
        ..seen()
    };
    assert_eq!(
        course(started(&all), &all),
        [
            (0, Mirror, 0),
            (10, Compare, 0),
            (11, Prewarm, 0),
            (12, Steps, 500),
            (22, Steps, 2_500),
            (32, Steps, 5_000),
            (42, Full, 10_000),
            (47, Soak, 10_000),
            (77, Done, 10_000),
        ]
    );
}

#[test]
fn phases_that_are_not_configured_are_passed_over() {
    let phases: Vec<_> = course(started(&seen()), &seen()).into_iter().map(|at| at.1).collect();
    use Phase::*;
    assert_eq!(phases, [Steps, Steps, Steps, Full, Soak, Done]);
    let compared = Observation { compare: Some(Opinion::Go), ..seen() };
    assert_eq!(started(&compared).phase, Compare);
    let warmed = Observation { prewarm: Some(Opinion::Go), ..seen() };
    assert_eq!(started(&warmed).phase, Prewarm);
}

#[test]
fn no_data_holds_until_the_deadline() {
    let silent = Observation { guard: Some(Opinion::Hold("0 of 50 requests".into())), ..seen() };
    let state = started(&silent);
    assert_eq!(state.share, 500, "without a share there would never be data");
    assert_eq!(step(&plan(), &state, S(3_599), &silent), None);
    let back = step(&plan(), &state, S(3_600), &silent).unwrap();
    assert_eq!((back.phase, back.share), (Phase::Rollback, 0));
    let word = command(&plan(), &state, S(3_599), &silent, Command::Pause).unwrap();
    assert_eq!(step(&plan(), &word, S(7_198), &silent), None, "a word of an operator counts");
}

#[test]
fn the_next_rollout_goes_the_other_way() {
    let done = State { phase: Phase::Done, share: BUCKETS, ..State::at_rest(0, S(0), "") };
    let start = Command::Start { hold: false };
    assert_eq!(start.candidate(&done), Colour::Blue);
    let next = command(&plan(), &done, S(1), &seen(), start).unwrap();
    assert_eq!((next.to, next.share, next.green_share()), (Colour::Blue, 500, 9_500));
    let back = command(&plan(), &next, S(2), &seen(), Command::Rollback).unwrap();
    assert_eq!(back.green_share(), BUCKETS);
    assert_eq!(actions(&next, &back), [Action::SetShare(BUCKETS), Action::Drain(Colour::Blue)]);
    let before = command(&plan(), &done, S(1), &seen(), Command::Rollback).unwrap();
    assert_eq!(before.green_share(), 0, "a rollout that is over can be taken back");
}

#[test]
fn operators_are_told_why_nothing_moves() {
    let rest = State::at_rest(0, S(0), "");
    let under_way = started(&seen());
    let back = command(&plan(), &under_way, S(1), &seen(), Command::Rollback).unwrap();
    let dead = Observation { to_healthy: false, ..seen() };
    let held = Observation { guard: Some(Opinion::Hold("few".into())), ..seen() };
    let start = Command::Start { hold: false };
    let step = Command::Step { force: false };
    let promote = Command::Promote { force: false };
    for (state, seen, asked, refused) in [
        (&rest, seen(), step, Refused::AtRest),
        (&rest, seen(), Command::Pause, Refused::AtRest),
        (&rest, dead.clone(), start, Refused::Unhealthy(Colour::Green)),
        (&rest, dead.clone(), Command::Promote { force: true }, Refused::Unhealthy(Colour::Green)),
        (&under_way, seen(), start, Refused::UnderWay(Phase::Steps)),
        (&under_way, held.clone(), step, Refused::Against("guard: few".into())),
        (&under_way, held.clone(), promote, Refused::Against("guard: few".into())),
        (&back, seen(), start, Refused::Draining(Colour::Green)),
        (&back, seen(), promote, Refused::Draining(Colour::Green)),
    ] {
        assert_eq!(command(&plan(), state, S(1), &seen, asked), Err(refused), "{asked:?}");
    }
    for (asked, share) in
        [(Command::Step { force: true }, 2_500), (Command::Promote { force: true }, BUCKETS)]
    {
        assert_eq!(command(&plan(), &under_way, S(1), &held, asked).unwrap().share, share);
    }
    for state in [&rest, &back] {
        let again = command(&plan(), state, S(1), &seen(), Command::Rollback).unwrap();
        assert!(actions(state, &again).is_empty(), "there is nothing to do");
    }
}

#[test]
fn a_paused_rollout_waits_and_goes_on() {
    let state = command(&plan(), &started(&seen()), S(1), &seen(), Command::Pause).unwrap();
    assert_eq!(step(&plan(), &state, S(100), &seen()), None);
    let stepped =
        command(&plan(), &state, S(100), &seen(), Command::Step { force: false }).unwrap();
    assert_eq!((stepped.share, stepped.held), (2_500, true));
    let resumed =
        command(&plan(), &stepped, S(101), &seen(), Command::Start { hold: false }).unwrap();
    assert_eq!((resumed.share, resumed.held), (2_500, false));
    assert!(step(&plan(), &resumed, S(110), &seen()).is_some());
}

#[test]
fn shares_in_between_at_rest_can_be_taken_back() {
    for (green, after) in [(1_000, 0), (5_000, 0), (9_000, BUCKETS), (0, 0), (BUCKETS, BUCKETS)] {
        let rest = State::at_rest(green, S(0), "declared");
        let back = command(&plan(), &rest, S(1), &seen(), Command::Rollback).unwrap();
        assert_eq!(back.green_share(), after, "from {green}");
    }
}

fn opinions() -> impl Strategy<Value = Opinion> {
    prop_oneof![
        Just(Opinion::Go),
        Just(Opinion::Hold("few".to_owned())),
        Just(Opinion::Stop("bad".to_owned())),
    ]
}

fn observations() -> impl Strategy<Value = Observation> {
    let maybe = || prop::option::of(opinions());
    (maybe(), maybe(), maybe(), any::<[bool; 4]>()).prop_map(
        |(guard, compare, prewarm, [mirrored, to_healthy, from_healthy, drained])| Observation {
            guard,
            compare,
            prewarm,
            mirrored,
            to_healthy,
            from_healthy,
            drained,
        },
    )
}

fn commands() -> impl Strategy<Value = Command> {
    prop_oneof![
        any::<bool>().prop_map(|hold| Command::Start { hold }),
        any::<bool>().prop_map(|force| Command::Step { force }),
        Just(Command::Pause),
        any::<bool>().prop_map(|force| Command::Promote { force }),
        Just(Command::Rollback),
    ]
}

/// A state that some history has led to.
fn states() -> impl Strategy<Value = State> {
    let moves =
        prop::collection::vec((0..20_000u64, observations(), prop::option::of(commands())), 0..30);
    (0..=BUCKETS, moves).prop_map(|(green, moves)| {
        let mut state = State::at_rest(green, S(0), "declared");
        for (at, seen, asked) in moves {
            state = match asked {
                Some(asked) => command(&plan(), &state, S(at), &seen, asked).unwrap_or(state),
                None => step(&plan(), &state, S(at), &seen).unwrap_or(state),
            };
        }
        state
    })
}

/// One that moves traffic.
fn exposed() -> impl Strategy<Value = State> {
    states().prop_map(|state| match state.phase.is_under_way() && state.share > 0 {
        true => state,
        false => started(&seen()),
    })
}

/// What is asked without `force`.
fn plainly(asked: Command) -> Command {
    match asked {
        Command::Step { .. } => Command::Step { force: false },
        Command::Promote { .. } => Command::Promote { force: false },
        other => other,
    }
}

proptest! {
    #[test]
    fn the_share_never_rises_against_the_guard(
        state in exposed(),
        now in 0..40_000u64,
        seen in observations(),
        stop in any::<bool>(),
        asked in prop::option::of(commands().prop_map(plainly)),
    ) {
        let guard = if stop { Opinion::Stop("bad".into()) } else { Opinion::Hold("few".into()) };
        let seen = Observation { guard: Some(guard), ..seen };
        let next = match asked {
            Some(asked) => command(&plan(), &state, S(now), &seen, asked).unwrap_or(state.clone()),
            None => step(&plan(), &state, S(now), &seen).unwrap_or(state.clone()),
        };
        prop_assert!(next.share <= state.share, "{:?} to {:?}", state, next);
    }

    #[test]
    fn a_stop_leads_back_in_one_step(state in exposed(), now in 0..40_000u64, seen in observations()) {
        let bad = Observation { guard: Some(Opinion::Stop("bad".into())), ..seen };
        let next = step(&plan(), &state, S(now), &bad).unwrap();
        prop_assert_eq!((next.phase, next.share), (Phase::Rollback, 0));
    }

    #[test]
    fn rollback_leads_to_all_or_nothing(state in states(), now in 0..40_000u64, seen in observations()) {
        let back = command(&plan(), &state, S(now), &seen, Command::Rollback).unwrap();
        prop_assert!([0, BUCKETS].contains(&back.green_share()), "{:?}", back);
        if state.phase.is_under_way() {
            prop_assert_eq!(back.share, 0);
        }
    }

    #[test]
    fn no_move_skips_a_step(state in states(), now in any::<u32>(), seen in observations()) {
        let Some(next) = step(&plan(), &state, S(u64::from(now)), &seen) else { return Ok(()) };
        prop_assert!(next.share <= plan().share_after(state.share).max(state.share));
        if next.phase == Phase::Rollback || next.phase == Phase::Idle {
            return Ok(());
        }
        let between = |phase: Phase| state.phase < phase && phase < next.phase;
        prop_assert!(next.phase >= state.phase);
        prop_assert!(!(between(Phase::Mirror) && seen.mirrored));
        prop_assert!(!(between(Phase::Compare) && seen.compare.is_some()));
        prop_assert!(!(between(Phase::Prewarm) && seen.prewarm.is_some()));
    }

    #[test]
    fn a_clock_that_goes_backwards_moves_nothing_on(state in states(), seen in observations()) {
        let early = step(&plan(), &state, S(0), &seen);
        let waits = matches!(state.phase, Phase::Mirror | Phase::Steps | Phase::Soak);
        if let Some(next) = early.filter(|_| waits && state.entered > S(0)) {
            prop_assert_eq!(next.phase, Phase::Rollback, "only a stop moves it");
        }
    }
}
