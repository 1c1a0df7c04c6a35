"""Every way in which servers say that something is wrong, a row each, and what a person can do about it.

`WORDINGS` are asked first, then `STATUSES`, which are often misleading, and `EXCEPTIONS` where there was no answer. The
first row that fits counts, so that a word which says more stands above one that says less. A row that stops the run
must be sure: its words are not those of a limit that passes.
"""

from __future__ import annotations

import re

from tasks.endpoint.codes import FaultCode, FaultKind

LATER = r"(?!.*(retry|try again in|per.?(minute|second)|rpm|tpm))"
"""Not a limit that passes: Gemini says of one a minute what OpenAI says of an empty account, and when to return."""

KEY, QUOTA, CREDIT = "refuses the key", "has no quota left", "has no credit"


Row = tuple[re.Pattern[str], FaultKind, FaultCode, str]


def _row(pattern: str, kind: FaultKind, code: FaultCode, reason: str) -> Row:
    told = f"{reason} ({{status}}): {{words}}" if kind == "fatal" else reason
    return re.compile(pattern, re.IGNORECASE | re.DOTALL), kind, code, told


WORDINGS: list[Row] = [
    # OpenAI's code; its sentence too, because LiteLLM flattens the code.
    _row(r"insufficient_quota|billing_hard_limit_reached|hard limit has been reached", "fatal", "no_quota", QUOTA),
    _row(rf"exceeded your current quota{LATER}", "fatal", "no_quota", QUOTA),
    # Baidu, OpenRouter's free models, Gemini.
    _row(rf"(per.?day|daily).{{0,60}}(limit|quota){LATER}|(limit|quota).{{0,60}}(per.?day|daily){LATER}", "fatal",
         "no_quota", QUOTA),
    # The same in Chinese, Spanish, Portuguese, French, German, Russian and Korean.
    _row(rf"(额度|配额).{{0,8}}(不足|用完|用尽|耗尽)|(cuota|cota|quota|kontingent|квота|할당량).{{0,40}}"
         rf"(agotad|superad|esgotad|excedid|épuisé|dépassé|erschöpft|aufgebraucht|исчерпан|초과){LATER}",
         "fatal", "no_quota", QUOTA),
    # DeepSeek, Anthropic, MiniMax, Alibaba.
    _row(r"insufficient.{0,10}(balance|credit|fund)|credit balance is too low|arrearage|in arrears|overdue.{0,3}payment"
         r"|余额不足|欠费|saldo insuficiente|solde insuffisant|guthaben|недостаточно средств|잔액",
         "fatal", "no_credit", CREDIT),
    # Groq, OpenAI, Moonshot, Fireworks (412), Azure.
    _row(r"\b(account|organi[sz]ation|subscription)\b.{0,60}\b(suspended|restricted|disabled|deactivated|banned"
         r"|terminated|not active)\b|organization_restricted|account_deactivated|billing_not_active"
         r"|账[户号].{0,8}(封|冻结|停用)",
         "fatal", "closed", "has closed the account"),
    # LiteLLM without a database answers 400 to a wrong key, Gemini too; MiniMax 200, Zhipu 401 and 200.
    _row(r"invalid_api_key|api_key_invalid|(incorrect|invalid|wrong|missing|expired|revoked) api.?key"
         r"|api.?key.{0,12}\b(not valid|invalid|expired|missing|revoked|disabled)\b|no connected db|\blogin fail"
         r"|令牌.{0,8}(无效|过期|错误)|无效的(令牌|api)|鉴权失败|身份验证失败", "fatal", "key_refused", KEY),
    # OpenAI, LiteLLM, vLLM; Azure; LM Studio; Ollama; OpenRouter; Alibaba.
    _row(r"model_not_found|invalid model name|\bmodel\b.{0,120}\b(does not exist|not found|not exist)\b"
         r"|deploymentnotfound|deployment\b.{0,60}\bdoes not exist|no models? (is |are )?loaded"
         r"|not a valid model|\bunknown model\b|模型不存在",
         "fatal", "model_unknown", "does not serve this model"),
    # Alibaba, of Qwen models that think unless told otherwise.
    _row(r"enable_thinking\W{0,3}.{0,20}\b(must|should|only)\b", "fatal", "must_not_think",
         "will not think unless it streams"),
    # vLLM, Groq, DeepSeek, OpenAI, Anthropic, Alibaba: a limit of output that no prompt could make good. It is fitted.
    _row(r"max\w*_tokens\S* cannot be greater|max\w*_tokens\W.{0,30}(too large|less than or equal|> \d+)"
         r"|range of max\w*_tokens", "permanent", "request_refused", "refused request: {words}"),
    # OpenAI, llama-cpp-python; vLLM, SGLang; llama-server; LiteLLM; TGI; Anthropic; Mistral; Bedrock; Gemini; Alibaba.
    _row(r"context_length_exceeded|maximum context length|exceed_context_size|available context size"
         r"|contextwindowexceeded|max_new_tokens.{0,20}must be <=|prompt is too long|input is too long"
         r"|longer than the model'?s context|too large for model with \d+ maximum context|exceeds? the context window"
         r"|exceeds? the (model'?s )?max\w* (context|sequence|input|number of (input )?tokens)"
         r"|input token count.{0,30}exceeds|range of input length|(超过|超出).{0,12}(长度|上下文)",
         "permanent", "context_length", "context length"),
    # OpenAI answers 429 to a single request that is larger than the limit per minute; waiting cannot help.
    _row(r"request too large", "permanent", "request_too_large", "request too large"),
    # OpenAI, Azure, OpenRouter, Alibaba, MiniMax, Zhipu.
    _row(r"content_filter|content_policy_violation|contentpolicyviolation|responsibleaipolicy|requires moderation"
         r"|data_?inspection_?failed|content management policy|new_sensitive|(input|output)\b.{0,20}\bsensitive"
         r"|敏感(内容|词)",
         "permanent", "content_filter", "content filter"),
]  # fmt: skip

BUSY_WORDS = re.compile(
    r"rate.?limit|too many requests|throttl|resource.?exhausted|over(loaded|capacity)|at capacity|server is busy"
    r"|concurren\w+.{0,20}(limit|exceed)|限流|频率|繁忙|访问量过大|并发",
    re.IGNORECASE,
)
"""Words of a server that has too much to do at the moment, whatever the status says."""

UNCLEAR = frozenset({400, 403, 500})
"""Statuses that some servers answer to everything, also to what is too much at the moment."""

DEFAULT_4XX: tuple[FaultKind, FaultCode, str] = ("permanent", "request_refused", "refused request: {words}")
DEFAULT_5XX: tuple[FaultKind, FaultCode, str] = ("transient", "status", "{status}")

BUSY: tuple[FaultKind, FaultCode, str] = ("busy", "overloaded", "too busy ({status})")

STATUSES: dict[int, tuple[FaultKind, FaultCode, str]] = {
    401: ("fatal", "key_refused", "refuses the key (401): {words}"),
    402: ("fatal", "unpaid", "wants to be paid first (402): {words}"),
    403: ("fatal", "forbidden", "forbids access (403): {words}"),
    404: ("fatal", "not_found", "knows neither this address nor this model (404): {words}"),
    405: ("fatal", "method_refused", "takes no requests at this address (405): {words}"),
    407: ("fatal", "proxy_refused", "is behind a proxy that wants a password (407): {words}"),
    408: ("transient", "status", "408"),
    409: ("transient", "status", "409"),
    413: ("permanent", "request_too_large", "request too large"),
    425: ("transient", "status", "425"),
    429: ("busy", "rate_limited", "429"),
    499: ("transient", "status", "499"),
    500: ("transient", "server_error", "500"),
    501: ("fatal", "not_offered", "does not offer this kind of call (501): {words}"),
    502: ("unreachable", "bad_gateway", "502"),
    503: ("busy", "overloaded", "503"),
    504: ("slow", "gateway_timeout", "504"),
    # Cloudflare, about the server behind it.
    520: ("unreachable", "bad_gateway", "520"),
    521: ("unreachable", "bad_gateway", "521"),
    522: ("unreachable", "bad_gateway", "522"),
    523: ("unreachable", "bad_gateway", "523"),
    524: ("slow", "gateway_timeout", "524"),
    529: ("busy", "overloaded", "529"),
}

EXCEPTIONS: list[tuple[str, FaultKind, FaultCode, str]] = [
    ("AnswerTooLarge", "permanent", "answer_too_large", "{words}"),
    # Of aiohttp and the operating system: what a person can tell apart.
    ("ClientConnectorCertificateError", "fatal", "certificate", "shows a certificate that is not trusted: {words}"),
    ("SSLCertVerificationError", "fatal", "certificate", "shows a certificate that is not trusted: {words}"),
    ("ClientHttpProxyError", "fatal", "proxy_refused", "is behind a proxy that refuses: {words}"),
    ("ClientProxyConnectionError", "unreachable", "proxy_not_reached", "proxy not reached"),
    ("ClientConnectorDNSError", "unreachable", "host_not_found", "host name not found"),
    ("gaierror", "unreachable", "host_not_found", "host name not found"),
    ("ConnectionRefusedError", "unreachable", "connection_refused", "connection refused"),
    ("ClientConnectorSSLError", "unreachable", "tls_failed", "TLS failed"),
    ("ServerDisconnectedError", "unreachable", "disconnected", "connection closed before an answer"),
    ("ClientPayloadError", "unreachable", "cut_short", "answer cut short"),
    ("ConnectionResetError", "unreachable", "connection_reset", "connection reset"),
    ("BrokenPipeError", "unreachable", "connection_reset", "connection reset"),
    ("TimeoutError", "unreachable", "timed_out", "timed out"),
    ("ClientResponseError", "transient", "malformed_http", "malformed HTTP"),
    ("InvalidURL", "fatal", "bad_address", "is not at a valid address: {words}"),
    ("ClientConnectionError", "unreachable", "connection_failed", "connection failed"),
]

THINK_LESS = "Give the role thinking_tokens, or stop the model's thinking, then run the same command again."

REMEDIES: dict[FaultCode, str] = {
    "key_refused": "Check api_key, then run the same command again.",
    "forbidden": "Check api_key and what it may be used for, then run the same command again.",
    "no_quota": "Top up the account or name another endpoint, then run the same command again.",
    "no_credit": "Top up the account or name another endpoint, then run the same command again.",
    "unpaid": "Top up the account or name another endpoint, then run the same command again.",
    "model_unknown": "Change the model to one the server lists, or load it there, then run the same command again.",
    "not_found": "Check model and base_url (it ends in /v1 on most servers), then run the same command again.",
    "method_refused": "Check base_url (it ends in /v1 on most servers), then run the same command again.",
    "redirect": "Redirects are not followed with a key; set base_url to the final address if you trust it.",
    "certificate": "Set ca_file to the PEM file of the authority that signed it.",
    "proxy_refused": "Check proxy, then run the same command again.",
    "request_refused": "Change the setting it names, then run the same command again.",
    "blocked": "A firewall in front of the server turns you away: ask who runs it, then run the same command again.",
    "closed": "Ask the provider why the account is closed, or name another endpoint, then run the same command again.",
    "must_not_think": "Set extra_body = { enable_thinking = false } or stream = true, then run the same command again.",
    "context_length": "Raise the server's context or lower max_tokens, then run the same command again.",
    "context_full": "Raise the server's context, then run the same command again.",
    "truncated": "Raise max_tokens of the role, then run the same command again.",
    "truncated_thinking": THINK_LESS,
    "only_thought": THINK_LESS,
    "unknown_finish": "Look with `gsdp doctor` what the server answers, then run the same command again.",
    "empty": "Look with `gsdp doctor` what the server answers, then run the same command again.",
    "content_filter": "Use a model without this filter, then run the same command again.",
    "refused_by_model": "Use another model, then run the same command again.",
    "rate_limited": "Lower concurrency or wait, then run the same command again.",
    "gateway_timeout": "Let the gateway in front of the server wait longer, then run the same command again.",
    "not_in_time": "Raise timeout or restart the server, then run the same command again.",
}
"""What a person can do about a fault of the whole endpoint; for the others, start the server."""

GROUPS: dict[FaultCode, str] = {"request_refused": "refused request"}
"""Short reasons of the faults whose words go on with the server's own."""
