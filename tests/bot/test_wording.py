"""What customers wrote, put into what the assistant says."""

import copy

import pytest
import yaml
from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.core.nlg.interpolator import interpolate
from served import PROJECT

from bot.wording import Wording, filled

RESPONSES = {
    "utter_x": [{"text": "The subject is “{subject}”.", "buttons": [{"payload": '/change{{"f": "{field}"}}'}]}]
}


@pytest.mark.parametrize("subject", ["a0[b]", "{subject}", "{{x}} {0[x]}", "100% {", "\\1 \\g<0>"])
def test_a_customers_words_stand_in_the_wording_as_they_were_written(agent, subject):
    assert isinstance(agent.nlg, Wording)
    slots = {"subject": subject, "field": "0[1]"}
    said = Wording(RESPONSES).generate_from_slots("utter_x", slots, "baton")
    assert said["text"] == f"The subject is “{subject}”."
    assert said["buttons"] == [{"payload": '/change{"f": "0[1]"}'}]


def test_a_name_without_a_value_hinders_no_other():
    assert filled("{email} or {subject}", {"subject": "x"}) == "{email} or x"


def test_all_wording_is_filled_as_rasas_own_filling_would():
    responses = yaml.safe_load((PROJECT / "domain.yml").read_text(encoding="utf-8"))["responses"]
    values = dict.fromkeys(("subject", "description", "email", "tickets", "question"), "plain words")
    for variations in responses.values():
        for one in variations:
            parts = {key: one[key] for key in ("text", "buttons") if key in one}
            assert filled(parts, values) == interpolate(copy.deepcopy(parts), values)
    rasas = TemplatedNaturalLanguageGenerator(RESPONSES)
    slots = {"subject": "a0[b]", "field": "f"}
    assert rasas.generate_from_slots("utter_x", slots, "baton")["text"] == "The subject is “{subject}”.", "mended there"
