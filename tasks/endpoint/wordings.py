"""What servers say when something is wrong, in everybody's words: asked before the status, which is often misleading.

One row a behaviour that was seen. The first row that fits counts, so that a word which says more stands above one that
says less. A row that stops the run must be sure: its words are not those of a limit that passes.
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
