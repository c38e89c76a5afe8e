"""Why a step of a declared blast is refused, in English for programs and in Russian for whoever took it."""

ACTIONS_RU = {
    "amend": "исправить паспорт", "publish": "объявить взрыв", "postpone": "перенести взрыв",
    "cancel": "отменить взрыв", "fire": "отметить взрыв", "report": "подать отчёт",
}  # fmt: skip
STATUSES_RU = {
    "planned": "он ещё не объявлен: сначала объявите его",
    "published": "он уже объявлен",
    "postponed": "он перенесён: сначала объявите новое окно",
    "cancelled": "он отменён, и это окончательно: на новый взрыв нужен новый паспорт с другим номером",
    "fired": "он уже произведён: остаётся подать отчёт",
    "reported": "отчёт о нём уже принят: исправления подаются новым отчётом",
}


class TransitionError(ValueError):
    """A step that the status does not allow, or that contradicts what is already recorded. text_ru: the same."""

    def __init__(self, text: str, text_ru: str) -> None:
        super().__init__(text)
        self.text_ru = text_ru


def step_refused(action: str, status: str) -> TransitionError:
    """The refusal of an action from a status, by their codes."""
    return TransitionError(
        f"{action}: not possible for a blast that is {status}",
        f"Сейчас нельзя {ACTIONS_RU[action]}: {STATUSES_RU[status]}.",
    )
