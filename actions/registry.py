"""The actions that exist: what `domain.yml` lists, and a test holds the two together."""

from __future__ import annotations

from rasa_sdk import Action
from rasa_sdk.executor import ActionExecutor

from actions.answering import ShowArticle
from actions.asking_back import Clarify, NoneOfThese, TakeNo, TakeYes
from actions.assistance import Assistance
from actions.contact import TakeContact
from actions.questions import AboutTheChat, AnswerQuestion
from actions.reaching_people import HandOver
from actions.requests import ConfirmCancellation, TicketStatus
from actions.ticket_form import AskConfirmation, AskEmail, BeginTicket, FinishTicket, ValidateTicket
from actions.verdicts import ArticleDidNotHelp, ArticleHelped


def build_actions(assistance: Assistance) -> list[Action]:
    """Make every action."""
    return [
        AnswerQuestion(assistance),
        ShowArticle(assistance),
        AboutTheChat(assistance),
        ArticleHelped(assistance),
        ArticleDidNotHelp(assistance),
        Clarify(assistance),
        NoneOfThese(assistance),
        TakeYes(assistance),
        TakeNo(assistance),
        HandOver(),
        TakeContact(),
        TicketStatus(assistance),
        ConfirmCancellation(assistance),
        BeginTicket(),
        ValidateTicket(assistance),
        AskEmail(assistance),
        AskConfirmation(assistance),
        FinishTicket(),
    ]


def build_executor(assistance: Assistance) -> ActionExecutor:
    """Make the executor that answers Rasa's webhook."""
    executor = ActionExecutor()
    for action in build_actions(assistance):
        executor.register_action(action)
    return executor
