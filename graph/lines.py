"""The name in a line that a model, or a person's file, gives as the name of a knowledge point; and what is no name.

Knows: explanations behind a name, labels before it, and the lines that come with lists: headers, refusals, rows of
tables, tags, the template of our own prompt, and words for nothing.
Does not know: whether a name is a good one; that is the curator's to say.
"""

from __future__ import annotations

import re

from graph.names import clean_name

NO_NAME = "that is none"

_KINDS = (
    "theorem|definition|formula|formulae|property|propertie|concept|rule|law|principle|fact|identity|identitie|lemma|"
    "lemmata|axiom|corollary|corollarie|proposition|method|technique|step|note|example|solution|answer|problem|"
    "knowledge point|key point|key concept|topic|skill"
)
_BARE = re.compile(
    rf"(?:the |key |main |important |relevant |used )*(?:{_KINDS})s?|定理|公式|定义|性质|概念|知识点|要点", re.I
)
_NOTHING = re.compile(
    r"none|n\s*/\s*a|n\.a|nil|null|nothing|unknown|not applicable|none (?:of .*|found|needed|used|required)|"
    r"(?:there (?:is|are) )?no (?:specific |named |particular )*(?:knowledge )?(?:points?|theorems?|facts?|concepts?)"
    r"\b.*|"
    r"无|没有|暂无|无知识点|没有知识点|不适用",
    re.I,
)
_SPOKEN = re.compile(
    r"(?:i(?:'m| am)? (?:sorry|afraid|unable|not able|cannot|can't|can not)|sorry\b|as an ai\b|i (?:cannot|can't|will)"
    r"\b|"
    r"unfortunately\b|sure[,!.]|certainly[,!.]|of course[,!.]|here (?:is|are)\b|here's\b|the following\b|"
    r"below (?:is|are)\b|"
    r"these are\b|this (?:problem|solution)\b|list of (?:the )?(?:knowledge )?points|"
    r"(?:the )?(?:knowledge|key) (?:points?|concepts?|facts?)(?: (?:used|needed|involved|required|in|of|for)\b.*|$)|"
    r"name of (?:one|the next) point$|抱歉|对不起|很抱歉|我无法|以下是|下面是|本题)",
    re.I,
)
_TAGS = "ul|ol|li|p|br|div|span|b|strong|em|i|table|tr|td|th|thead|tbody|h[1-6]|html|body|head|details|summary|code|pre"
_ONLY_TAGS = re.compile(rf"(?:\s*</?(?:{_TAGS})(?:\s[^<>]*)?/?>)+\s*", re.I)
_TAGGED = re.compile(rf"\s*<({_TAGS})(?:\s[^<>]*)?>(.*)</\1>\s*", re.I)
_ROW = re.compile(r"\s*\|(?:\s.*\s)?\|\s*|[\s|:+-]*\|[\s|:+-]*|[-=_*]{3,}")
_JSON = re.compile(r"\s*[\[{]\s*[\"'{\[].*")
_LABEL = re.compile(rf"(?:{_KINDS})s?(?:\s*\d{{1,2}})?\s*[:：]\s*(?=\S)", re.I)
_EXPLAINED = re.compile(r"([^:：()（）]{4,70}?)\s*[:：]\s+((?:\S+\s+){2,}\S.*)|([^:：()（）]{2,40})：(.{6,})")
_USED = re.compile(
    r"\s*[(（](?:used|which|applied|applies|needed|i\.e\.|e\.g\.|because|states?|to (?:find|show|solve|compute|prove)|"
    r"for (?:finding|solving|showing)|用于|用来).*[)）]$|"
    r"\s+[-–—]\s+(?:used|which|states?|relates|gives|says|to (?:find|show|solve|compute|prove)|"
    r"for (?:finding|solving))\b.*",
    re.I,
)


def name_in(line: str) -> tuple[str, str | None]:
    """The name in a line, and why it is unusable: "empty", "too long", or that it is no name at all."""
    cleaned, fault = clean_name(line)
    if fault == "empty":
        return cleaned, fault
    if _ONLY_TAGS.fullmatch(line) or _ROW.fullmatch(line) or _JSON.fullmatch(line):
        return line.strip(), NO_NAME
    if tagged := _TAGGED.fullmatch(line):
        return name_in(tagged[2])
    if _is_none(cleaned):
        return cleaned, NO_NAME
    name, fault = clean_name(_without_explanation(line))
    return name, fault or (NO_NAME if _is_none(name) else None)


def _is_none(name: str) -> bool:
    return bool(_NOTHING.fullmatch(name) or _BARE.fullmatch(name) or _SPOKEN.match(name))


def _without_explanation(line: str) -> str:
    """The name alone: no label before it, and nothing of what it is or what it is used for."""
    name = line.strip()
    cleaned = clean_name(name, longest=len(name))[0]
    if label := _LABEL.match(cleaned):
        cleaned = cleaned[label.end() :]
    cleaned = _USED.sub("", cleaned)
    if explained := _EXPLAINED.fullmatch(cleaned):
        return explained[1] or explained[3]
    return cleaned
