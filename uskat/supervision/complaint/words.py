"""What a citizen reads of their complaint: plain Russian, English beside it."""

from datetime import datetime

from uskat.supervision.complaint.filing import Topic
from uskat.supervision.complaint.machine import Complaint, Stage
from uskat.supervision.complaint.step import ComplaintAction, ComplaintRejection, ComplaintStep

TOPIC_WORDS: dict[Topic, tuple[str, str]] = {
    Topic.WATER: ("Вода в реке", "River water"),
    Topic.BLAST: ("Взрыв, толчок", "Blast, shaking"),
    Topic.AIR: ("Пыль, дым, запах", "Dust, smoke, smell"),
    Topic.OTHER: ("Другое", "Something else"),
}
STAGE_WORDS: dict[Stage, tuple[str, str]] = {
    Stage.RECEIVED: ("Получено. Ждёт инспектора.", "Received. Waits for an inspector."),
    Stage.TAKEN: ("В работе: инспектор разбирается.", "An inspector looks into it."),
    Stage.ANSWERED: ("Есть ответ.", "There is an answer."),
    Stage.CLOSED: ("Завершено.", "Closed."),
    Stage.REJECTED: ("Не принято к рассмотрению.", "Not looked into."),
}
REJECTION_WORDS: dict[ComplaintRejection, tuple[str, str]] = {
    ComplaintRejection.NOT_OURS: ("Это не в ведении инспекции.", "It is not for this agency."),
    ComplaintRejection.DUPLICATE: ("Об этом уже сообщили, разбираем то обращение.", "It was told already."),
    ComplaintRejection.UNCLEAR: ("Из текста не понять, где и что случилось.", "Where and what is not clear."),
    ComplaintRejection.SPAM: ("Это не обращение.", "This is no complaint."),
}
ACTION_WORDS: dict[ComplaintAction, tuple[str, str]] = {
    ComplaintAction.RECEIVE: ("Обращение получено", "Received"),
    ComplaintAction.TAKE: ("Взято в работу", "Taken"),
    ComplaintAction.LINK: ("Связано с данными и делами инспекции", "Linked with data and cases"),
    ComplaintAction.ANSWER: ("Ответ", "Answer"),
    ComplaintAction.CLOSE: ("Завершено", "Closed"),
    ComplaintAction.REJECT: ("Не принято", "Not looked into"),
    ComplaintAction.REOPEN: ("Рассматривается заново", "Looked into again"),
    ComplaintAction.FORGET: ("Личные данные удалены", "Personal data deleted"),
}


def stage_sentence(complaint: Complaint) -> tuple[str, str]:
    """Where a complaint stands, in Russian and English."""
    return STAGE_WORDS[complaint.stage]


def told_step(step: ComplaintStep) -> tuple[datetime, str]:
    """A step as its citizen reads it: when, what, in which words; never who."""
    head = ACTION_WORDS[step.action][0]
    told = [REJECTION_WORDS[step.reason][0]] if step.reason is not None else []
    told += [step.note] if step.note else []
    return step.at, f"{head}: {' '.join(told)}" if told else f"{head}."
