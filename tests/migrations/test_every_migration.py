"""Each migration is either tested with rows or proved to leave every row as it was; a new one must say which.

`TABLE` names it. That a migration which touches rows is not called one that moves none is seen in two ways: its source
is read, and a row of every table is taken through it.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from sqlalchemy.exc import IntegrityError

from nrm import revisions
from tests.migrations import test_moves_since_0021 as since
from tests.migrations import test_moves_until_0020 as until
from tests.migrations.ladder import Before, Databases, order


class Moved(NamedTuple):
    """The test that shows with rows what a migration does, and whose rows it changes or takes away.

    `tables`: where rows of both revisions differ in a column that both have, or are not there in one of them.
    """

    by: Callable[..., None]
    tables: tuple[str, ...] = ()


NEW_TABLES = "Only makes tables, which are empty, and takes them away."
NEW_INDEX = "Only makes an index, and takes it away."
NEW_COLUMNS = "Adds what may be empty to rows that are there, and takes it away."

TABLE: dict[str, Moved | str] = {
    "0001_first_tables": NEW_TABLES,
    "0002_openings_and_alarms": Moved(until.test_whose_case_it_was_is_who_holds_it_now_or_who_opened_it),
    "0003_erased_compartments": Moved(
        until.test_erasures_are_told_once_for_each_case_on_the_way_down_and_not_at_all_on_the_way_up, ("erasures",)
    ),
    "0004_gates_keep_their_proof": Moved(until.test_what_opened_a_gate_is_put_beside_the_stay_and_never_after_its_end),
    "0005_second_factor": Moved(until.test_a_demo_country_is_not_asked_for_a_second_factor_and_a_real_one_is),
    "0006_child_alerts": Moved(until.test_nobody_owes_a_first_interview_any_more, ("obligations",)),
    "0007_supplements": NEW_TABLES,
    "0008_notices": Moved(
        until.test_who_was_announced_goes_with_the_notices_on_the_way_down,
        ("sealed_compartments", "grants", "pending_grants"),
    ),
    "0009_keyring_versions": NEW_COLUMNS,
    "0010_reports_beside_ix": Moved(
        until.test_a_release_from_before_is_of_one_quarter_and_becomes_so_again_on_the_way_down
    ),
    "0011_signed_releases": Moved(
        until.test_who_has_a_role_that_is_not_known_has_no_account_on_the_way_down, ("members",)
    ),
    "0012_sealing_anew": Moved(
        until.test_a_grant_from_before_is_known_since_the_first_version_and_sealing_again_is_forgotten_below,
        ("key_events",),
    ),
    "0013_leave_is_marked": Moved(until.test_leave_to_read_is_asked_for_again_in_both_directions, ("openings",)),
    "0014_on_the_way": Moved(until.test_a_referral_from_before_has_not_departed),
    "0015_chases_and_mailboxes": NEW_TABLES,
    "0016_versions_of_the_agreement": NEW_TABLES,
    "0017_person_requests": NEW_TABLES,
    "0018_random_monitoring": NEW_TABLES,
    "0019_directives_are_acknowledged": NEW_TABLES,
    "0020_grants_are_marked": Moved(
        until.test_what_lies_there_is_marked_by_the_rules_of_each_direction, ("keyrings", "referrals")
    ),
    "0021_filed_tables": Moved(since.test_what_was_filed_opens_for_nobody_on_the_way_down, ("sealed_compartments",)),
    "0022_papers": Moved(since.test_an_interview_stays_when_the_paper_it_was_typed_from_is_forgotten),
    "0023_child_returns_and_calls": NEW_TABLES,
    "0024_returns_with_an_agency": Moved(since.test_of_a_screening_from_before_no_agency_is_known),
    "0025_openings_of_notices": Moved(
        since.test_openings_of_notices_go_on_the_way_down_and_those_of_cases_stay, ("readings",)
    ),
    "0026_consents": Moved(
        since.test_requests_stay_and_those_to_take_a_consent_back_go_on_the_way_down, ("person_requests",)
    ),
    "0027_identifications": NEW_COLUMNS,
    "0028_claims": NEW_TABLES,
    "0029_indexes": "Only indexes, none of which is unique.",
    "0030_counting": Moved(since.test_screenings_become_numbers_and_numbers_screenings, ("screenings",)),
    "0031_children_are_answered": Moved(
        since.test_alarms_of_children_stay_and_who_was_answered_has_ended_on_the_way_down, ("child_alerts",)
    ),
    "0032_gates_of_a_stay": Moved(since.test_a_stay_that_ended_keeps_by_which_rule_it_ended, ("stays", "obligations")),
    "0033_joining": Moved(since.test_the_second_database_learns_the_newest_keyring_that_has_a_right_mark),
    "0034_second_hands": Moved(
        since.test_alarms_from_before_are_about_openings_and_others_go_on_the_way_down,
        ("alarms", "alarm_acknowledgements"),
    ),
    "0035_beds": Moved(since.test_a_bed_from_before_came_from_the_file_under_its_name),
    "0036_sessions_are_marked": Moved(
        since.test_sessions_end_and_a_signing_key_is_marked_where_the_other_key_is, ("member_sessions",)
    ),
    "0037_rows_by_hand": Moved(since.test_what_is_destroyed_asked_and_added_is_marked),
    "0038_age_changed": Moved(since.test_who_was_told_of_as_a_child_waits_on_as_one_of_unsure_age, ("child_alerts",)),
    "0039_holds": Moved(
        since.test_what_is_held_is_a_draft_again_on_the_way_down,
        ("interviews", "sealed_compartments", "grants", "paper_forms"),
    ),
    "0040_named_parties": Moved(
        since.test_what_is_withheld_is_gone_on_the_way_down, ("sealed_compartments", "pending_grants")
    ),
    "0041_draft_owners": Moved(since.test_whose_an_interview_is_is_marked, ("alarms", "alarm_acknowledgements")),
    "0042_groups": Moved(since.test_a_draft_stays_when_the_group_it_belonged_to_is_forgotten),
    "0043_warnings_seen": Moved(since.test_a_procedure_record_from_before_has_no_warnings),
    "0044_family_notices": Moved(since.test_family_notices_go_on_the_way_down_and_screenings_stay, ("screen_steps",)),
    "0045_others_there": Moved(
        since.test_what_was_told_of_others_is_gone_on_the_way_down, ("sealed_compartments", "grants", "readings")
    ),
    "0046_places": Moved(since.test_beds_become_places_and_places_beds, ("beds",)),
    "0047_stay_corrections": Moved(
        since.test_corrections_are_forgotten_and_a_stay_that_never_was_is_one_of_no_night_below, ("stays", "left_alone")
    ),
    "0048_away": NEW_TABLES,
    "0049_planned_ends": Moved(since.test_the_history_of_a_planned_end_begins_with_the_one_that_stands),
    "0050_transfers": Moved(
        since.test_a_move_that_was_called_off_is_withdrawn_on_the_way_down,
        ("referrals", "sealed_compartments", "grants", "readings"),
    ),
    "0051_best_interests": Moved(
        since.test_an_end_after_findings_alone_is_of_a_former_rule,
        ("stays", "sealed_compartments", "grants", "readings"),
    ),
    "0052_ages": Moved(since.test_since_when_somebody_is_an_adult_is_forgotten_on_the_way_down),
    "0053_outcomes_of_returns": Moved(since.test_who_was_received_is_asked_for_from_that_month_on),
    "0054_permit_entries": Moved(
        since.test_a_permit_becomes_its_entries_and_one_row_again, ("permits", "permit_entries", "stays", "departures")
    ),
    "0055_testimony_strikes": Moved(since.test_a_struck_step_never_happened_on_the_way_down, ("testimony",)),
    "0056_key_workers": Moved(
        since.test_key_workers_and_house_labels_go_on_the_way_down,
        ("alarms", "alarm_acknowledgements", "sealed_compartments", "grants", "openings", "readings"),
    ),
    "0057_shifts": Moved(
        since.test_shifts_and_their_sessions_go_on_the_way_down_and_others_stay, ("member_sessions", "readings")
    ),
    "0058_closings": Moved(since.test_a_case_that_was_closed_before_stays_closed_and_can_be_opened_again),
    "0059_missing": Moved(
        since.test_a_missing_child_may_be_told_of_and_what_one_member_struck_says_so,
        ("sealed_compartments", "grants", "readings"),
    ),
    "0060_letters_pass_the_child_gate": Moved(
        since.test_a_letter_abroad_from_before_says_of_no_child_what_opened_the_gate
    ),
    "0061_figures_alone": Moved(since.test_marks_of_contributors_go_and_the_figures_of_a_release_stay),
    "0062_reasons": Moved(since.test_a_reason_is_of_figures_that_are_in_clear_and_goes_on_the_way_down),
    "0063_few_residents": Moved(since.test_nights_that_were_of_few_people_are_withheld_and_others_are_payable),
    "0064_silent_parts": NEW_TABLES,
    "0065_counted_by_day": "Only indexes, none of which is unique.",
    "0066_alarms_by_mistake": Moved(since.test_an_alarm_by_mistake_is_found_on_the_way_down, ("missing",)),
    "0067_referral_mistakes": Moved(
        since.test_a_person_accepted_by_mistake_did_not_arrive_on_the_way_down, ("referrals",)
    ),
    "0068_key_log": Moved(since.test_members_from_before_the_key_log_have_signed_nothing_yet),
    "0069_keylog_before": NEW_TABLES,
    "0070_parked_cases": Moved(
        since.test_a_case_that_opens_for_nobody_is_an_act_that_ran_out_on_the_way_down,
        ("heavy_acts", "person_requests"),
    ),
    "0071_leaving_and_suspensions": Moved(
        since.test_nobody_is_suspended_on_the_way_down_and_nothing_says_that_they_were, ("key_events",)
    ),
    "0072_sign_ins": Moved(since.test_what_a_password_costs_is_what_the_settings_say_on_the_day_of_the_upgrade),
    "0073_marks_of_days": Moved(
        since.test_a_grant_holds_until_the_last_day_of_its_consent_and_old_marks_end, ("grants",)
    ),
    "0074_passkeys": NEW_TABLES,
    "0075_words": Moved(
        since.test_what_happened_with_keys_by_words_is_forgotten_below, ("key_events", "member_sessions", "suspensions")
    ),
    "0076_versions_of_contracts": NEW_TABLES,
    "0077_roles_and_names": Moved(since.test_another_role_or_name_is_forgotten_below, ("key_events",)),
    "0078_counted_entries": NEW_INDEX,
    "0079_home_citizens": Moved(since.test_what_was_called_albanian_is_a_home_citizen),
    "0080_accepted_weakenings": NEW_TABLES,
    "0081_trial_calls": NEW_TABLES,
    "0082_matching": NEW_TABLES,
    "0083_alarms_of_questions": Moved(since.test_alarms_of_questions_are_forgotten_on_the_way_down, ("alarms",)),
    "0084_shown_secrets": NEW_TABLES,
    "0085_who_does_not_hold_the_key": Moved(
        since.test_who_does_not_hold_the_key_is_forgotten_below_but_for_the_log, ("key_events",)
    ),
    "0086_country_versions": NEW_TABLES,
    "0087_names_by_language": Moved(
        since.test_names_are_texts_by_language_and_two_of_them_columns_on_the_way_down, ("mailboxes",)
    ),
    "0088_why_an_account_ends": Moved(since.test_why_an_account_ended_is_leaving_on_the_way_down, ("heavy_acts",)),
    "0089_withdrawn_texts": NEW_TABLES,
    "0090_who_does_not_agree": Moved(
        since.test_from_what_to_what_is_forgotten_below_and_who_does_not_agree_stays_in_the_log, ("key_events",)
    ),
    "0091_witnesses": Moved(
        since.test_who_left_the_programme_and_who_agreed_to_a_code_are_forgotten_on_the_way_down,
        ("testimony", "testimony_strikes", "consents", "sealed_compartments", "grants", "readings"),
    ),
    "0092_plans": NEW_TABLES,
    "0093_follow_ups": Moved(
        since.test_what_was_agreed_for_the_months_after_is_gone_on_the_way_down,
        ("person_requests", "sealed_compartments", "grants", "openings", "readings"),
    ),
    "0094_benefits_and_nights": Moved(
        since.test_nights_that_were_frozen_before_need_no_signature_and_none_is_left_on_the_way_down,
        ("contract_versions",),
    ),
    "0095_feedback": Moved(
        since.test_what_people_said_about_a_house_is_gone_on_the_way_down,
        ("sealed_compartments", "grants", "openings", "readings"),
    ),
    "0096_not_come_by_mistake": Moved(
        since.test_that_nobody_came_by_mistake_is_forgotten_on_the_way_down, ("referral_mistakes",)
    ),
    "0097_dies_with_its_asker": Moved(
        since.test_what_fell_with_its_asker_was_taken_back_by_them_on_the_way_down, ("heavy_acts",)
    ),
    "0098_paid_and_heard": Moved(
        since.test_what_was_paid_and_who_deals_with_a_complaint_is_forgotten_on_the_way_down,
        ("benefits", "complaints", "feedback_slips"),
    ),
    "0099_agreed_by_two": Moved(
        since.test_what_was_asked_for_before_waits_for_no_second_member_and_reasons_go_on_the_way_down,
        ("benefits", "night_payments"),
    ),
    "0100_acted_on": Moved(
        since.test_alarms_wait_again_and_all_nights_count_on_the_way_down, ("follow_up_dates", "stays", "benefits")
    ),
    "0101_contract_hands": Moved(
        since.test_what_waits_of_a_contract_is_forgotten_on_the_way_down_and_what_it_says_stays, ("benefits",)
    ),
    "0102_voices": Moved(
        since.test_the_row_of_limits_is_there_before_anybody_sends_something,
        ("request_limits", "missing", "left_alone"),
    ),
    "0103_benefits_are_marked": Moved(since.test_a_benefit_that_is_there_is_marked, ("benefits",)),
    "0104_voices_are_marked": Moved(
        since.test_a_complaint_and_a_box_from_before_are_taken_to_be_right,
        ("feedback_boxes", "complaints", "complaints_taken"),
    ),
    "0105_nights_are_marked": Moved(
        since.test_nights_from_before_are_taken_to_be_right, ("payment_lines", "night_payments")
    ),
    "0106_complaints_stay_as_they_are": Moved(
        since.test_a_complaint_that_is_right_is_marked_with_the_key_of_its_words, ("complaints",)
    ),
    "0107_seen_and_taken_back": Moved(
        since.test_what_was_seen_of_a_threat_stays_seen_and_what_is_kept_of_hearings_goes_on_the_way_down,
        ("threat_alarms", "threats_seen"),
    ),
    "0108_places_entered_on": Moved(since.test_of_places_from_before_nobody_knows_when_they_were_entered, ("places",)),
    "0109_nights_by_day": Moved(
        since.test_places_of_a_quarter_that_nobody_signed_are_counted_by_the_day, ("payment_lines",)
    ),
    "0110_counts_by_kind": NEW_INDEX,
    "0111_calls_about_not_come": Moved(
        since.test_calls_about_who_did_not_come_are_forgotten_on_the_way_down, ("chases",)
    ),
    "0112_said_of_returns": Moved(
        since.test_of_returns_from_before_nobody_knows_who_said_what, ("notices", "referrals")
    ),
    "0113_alarms_of_refusals": Moved(since.test_alarms_of_refusals_are_forgotten_on_the_way_down, ("alarms",)),
    "0114_ends_of_returns": Moved(since.test_whose_interview_ended_is_expected_again_on_the_way_down, ("notices",)),
    "0115_numbers_of_a_quarter": Moved(
        since.test_numbers_of_months_are_added_up_to_quarters, ("screening_counts", "screen_steps")
    ),
    "0116_events_of_the_chain": NEW_INDEX,
    "0117_calls_and_requests": Moved(
        since.test_of_calls_from_before_nobody_knows_whether_it_was_done_and_a_mistake_is_taken_back_on_the_way_down,
        ("helpline_calls", "person_requests", "heavy_acts"),
    ),
    "0118_ended_against_a_yes": Moved(
        since.test_who_left_against_a_yes_is_thrown_away_on_the_way_down, ("interview_holds",)
    ),
}

FILES = {path.stem: path for path in (revisions.FOLDER / "versions").glob("*.py")}

_CHANGES = re.compile(r"(?is)^\s*(UPDATE|INSERT|DELETE|REPLACE|MERGE|TRUNCATE)\s|\b(DELETE\s+FROM|INSERT\s+INTO)\b")
_FILLS = re.compile(r"(?is)\bADD\s+COLUMN\b.*\bNOT\s+NULL\b|\bDROP\s+TABLE\b")
_CALLS = {"insert", "update", "delete", "bulk_insert", "from_select", "batch_alter_table", "alter_column"}
_GOING = {"drop_table", "drop_column"}
_REFUSING = {"create_check_constraint", "create_unique_constraint", "create_foreign_key", "create_exclude_constraint"}


def touches(source: str) -> Iterator[str]:
    """What in the source of a migration can change, delete or refuse rows that are there.

    A table or a column that goes counts only where `upgrade` takes it away: that the way down takes away what is new
    is no loss of what was there.
    """
    tree = ast.parse(source)
    functions = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)}
    made = {_first(call) for call in ast.walk(tree) if isinstance(call, ast.Call) and _name(call) == "create_table"}
    upward = {id(node) for name in _reached("upgrade", functions) for node in ast.walk(functions[name])}
    descriptions = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if id(node) in descriptions:
            continue
        text = _text(node)
        if _CHANGES.search(text) or (id(node) in upward and _FILLS.search(text)):
            yield f"line {node.lineno}: {text.strip()[:60]}"  # type: ignore[attr-defined]
        if not isinstance(node, ast.Call):
            continue
        name, rules = _name(node), _rules(node)
        fills = name == "add_column" and any(map(_fills, ast.walk(node)))
        refuses = name in _REFUSING or (name == "create_index" and rules.get("unique") == "True")
        if (
            name in _CALLS
            or (id(node) in upward and (name in _GOING or fills))
            or (id(node) in upward and refuses and _second(node) not in made)
        ):
            yield f"line {node.lineno}: {name}"


def _reached(start: str, functions: dict[str, ast.FunctionDef]) -> set[str]:
    found, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        if name in functions and name not in found:
            found.add(name)
            waiting += [node.id for node in ast.walk(functions[name]) if isinstance(node, ast.Name)]
    return found


def _text(node: ast.AST) -> str:
    """What a string says; of a formatted one the parts that are written there."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "x" for part in node.values)
    return ""


def _name(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _rules(call: ast.Call) -> dict[str | None, str]:
    return {each.arg: ast.unparse(each.value) for each in call.keywords}


def _fills(node: ast.AST) -> bool:
    """Whether this column says something in rows that are there."""
    if not (isinstance(node, ast.Call) and _name(node) == "Column"):
        return False
    rules = _rules(node)
    return rules.get("nullable") == "False" or "server_default" in rules


def _first(call: ast.Call) -> str:
    return ast.unparse(call.args[0]) if call.args else ""


def _second(call: ast.Call) -> str:
    return ast.unparse(call.args[1]) if len(call.args) > 1 else ""


def test_every_migration_is_in_the_table() -> None:
    assert list(TABLE) == sorted(FILES), "a new migration says here which test moves rows through it, or why none does"


@pytest.mark.parametrize("revision", [name for name, how in TABLE.items() if isinstance(how, Moved)])
def test_the_test_that_is_named_is_about_this_migration(revision: str) -> None:
    how = TABLE[revision]
    assert isinstance(how, Moved)
    source = inspect.getsource(how.by)
    assert f'before("{revision}")' in source
    for direction in ("up", "down"):
        assert f"data.{direction}" in source, f"{how.by.__name__} never goes {direction}"


@pytest.mark.parametrize("revision", [name for name, how in TABLE.items() if isinstance(how, str)])
def test_a_migration_that_is_said_to_move_nothing_changes_no_row(revision: str) -> None:
    assert list(touches(FILES[revision].read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "body",
    [
        'op.execute("UPDATE beds SET label = 1")',
        'op.execute(sa.text("  delete from beds"))',
        'op.execute(f"INSERT INTO {table} (id) VALUES (1)")',
        "op.execute(\n    f'UPDATE {table}'\n    ' SET label = 1')",
        "op.execute(BEDS.update().values(label='x'))",
        "op.execute(sa.delete(BEDS))",
        "op.bulk_insert(BEDS, [{}])",
        "with op.batch_alter_table('beds') as batch:\n    batch.add_column(sa.Column('a', sa.String()))",
        "op.add_column('beds', sa.Column('a', sa.String(), nullable=False, server_default=''))",
        "op.execute(\"ALTER TABLE beds ADD COLUMN a VARCHAR DEFAULT '' NOT NULL\")",
        "op.drop_table('beds')",
        "op.drop_column('beds', 'label')",
        "op.alter_column('beds', 'label', nullable=False)",
        "op.create_check_constraint('name', 'beds', 'label > 1')",
        "op.create_index('name', 'beds', ['label'], unique=True)",
        "_helper()",
        "for each in EACH:\n    each()",
    ],
)
def test_what_touches_rows_is_seen(body: str) -> None:
    source = f"""
EACH = (_helper,)

def upgrade(database):
{textwrap.indent(body, "    ")}

def _helper():
    op.drop_column("beds", "label")

def downgrade(database):
    op.drop_table("new")
"""
    if "EACH" in body:
        source = source.replace("def upgrade(database):", "def upgrade(database):\n    _helper")
    assert list(touches(source))


def test_what_touches_none_is_let_be() -> None:
    source = '''
"""DELETE FROM and UPDATE are only words here: INSERT INTO too."""

def upgrade(database):
    """UPDATE nothing."""
    op.create_table("new", sa.Column("id", sa.Integer(), nullable=False, server_default="1"))
    op.create_index("one", "new", ["id"], unique=True)
    op.create_index("two", "beds", ["id"])
    op.add_column("beds", sa.Column("more", sa.String(), nullable=True))

def downgrade(database):
    op.drop_column("beds", "more")
    op.drop_table("new")
'''
    assert list(touches(source)) == []


Rows = dict[str, list[dict[str, object]]]


def _all(data: Databases) -> Rows:
    """Every row of both databases as the driver gives it."""
    return {name: data.as_they_lie(name) for name in data.names()}


def _changed(was: Rows, now: Rows) -> set[str]:
    """The tables that both know whose rows differ in a column that both have."""
    return {name for name in was.keys() & now.keys() if _cut(was[name], now[name]) != _cut(now[name], was[name])}


def _cut(rows: list[dict[str, object]], others: list[dict[str, object]]) -> list[str]:
    both = {*rows[0]} & {*others[0]} if rows and others else set()
    return sorted(repr(sorted((name, row[name]) for name in both)) for row in rows)


def _declared(revision: str) -> set[str]:
    how = TABLE[revision]
    return set(how.tables) if isinstance(how, Moved) else set()


def _fill(data: Databases) -> None:
    """A row in every table that has none."""
    for name in sorted(data.names()):
        if data.as_they_lie(name):
            continue
        try:
            data.add(name)
        except IntegrityError as error:
            raise AssertionError(f"`ladder.USUAL` must say what a row of {name} needs: {error.orig}") from error


@pytest.mark.slow
@pytest.mark.parametrize("before", ["sqlite"], indirect=True)
def test_a_row_of_every_table_goes_all_the_way_up_and_down_and_changes_only_where_it_is_said(before: Before) -> None:
    """On SQLite, where tables are rebuilt: there a row can be lost, or hold up the way, without being meant."""
    revisions = order()
    data = before(revisions[0])
    for revision in revisions:
        was = _all(data)
        data.up(revision)
        now = _all(data)
        assert _changed(was, now) | (was.keys() - now.keys()) <= _declared(revision), revision
        _fill(data)
    for revision, lower in zip(revisions[::-1], [*revisions[-2::-1], "base"], strict=True):
        was = _all(data)
        data.down(lower)
        assert _changed(was, _all(data)) <= _declared(revision), revision
        _fill(data)
    assert data.names() == set()
