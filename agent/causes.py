"""Why a source could not be read, in Chinese, by what the collectors say in English for logs and commands."""

from __future__ import annotations

import re

STATUSES = {
    "400": "请求被对方判为有误",
    "401": "对方要求登录，账号或令牌无效",
    "403": "对方拒绝访问，权限不足",
    "404": "对方没有这个地址",
    "405": "对方不接受这种请求",
    "408": "对方等待请求超时",
    "429": "请求过于频繁，被对方限流",
    "500": "对方系统内部出错",
    "502": "对方的网关连不上后台",
    "503": "对方系统暂时不可用",
    "504": "对方的网关等待后台超时",
}
# The first that is found says it.
CAUSES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), cause)
    for pattern, cause in (
        (r"expected \S+ to be .*, got", "对方的回答表示出错"),
        (r"redirected to another server|next page lies on another server", "被转到另一台服务器，没有跟随"),
        (r"more than \d+ redirects", "转址次数过多"),
        (r"connection refused", "连接被拒绝，对方服务没有运行"),
        (r"certificate (?:not accepted|refused): .*expired", "对方的证书已过期"),
        (r"certificate (?:not accepted|refused)", "对方的证书不被信任"),
        (r"TLS (?:refused|failed)|no TLS is spoken", "加密连接(TLS)未能建立"),
        (r"tls:|ca: no certificates", "本机的证书文件不能使用"),
        (r"host's name is unknown|name does not resolve|name server:|could not translate host name", "主机名无法解析"),
        (r"no (?:complete )?answer within|timed? ?out|deadline|former polls still hang", "对方没有在时限内答复"),
        (r"no route to host|network is unreachable|cannot connect", "网络不通"),
        (
            r"connection (?:was |is )?(?:closed|reset|lost)|body ended early|server closed the connection",
            "连接中途断开",
        ),
        (r"password authentication failed|access denied for user|login failed|ORA-01017", "登录失败，账号或口令有误"),
        (r"permission denied|insufficient privilege|command denied", "权限不足"),
        (r"no such file|unable to open database file", "文件不存在"),
        (r"still being written", "文件正在写入"),
        (r"is (?:a|not a) directory", "不是文件"),
        (
            r"no such table|does(?:n't| not) exist|unknown (?:database|table|column)|no such column",
            "库、表或字段不存在",
        ),
        (r"no column .* in the query's result", "查询结果缺少所需的列"),
        (r"database is locked|lock wait", "数据库正被占用"),
        (r"driver \S+ (?:is not installed|cannot be loaded)|no such database or driver", "数据库驱动没有安装"),
        (r"answered (?:HTML|XML or HTML)", "返回的是网页而不是数据，可能要求登录"),
        (r"an empty body", "返回内容为空"),
        (r"no (?:usable )?JSON|no well-formed XML|no usable XML|DOCTYPE|the body", "返回内容的格式无法识别"),
        (
            r"expected a (?:list|count|cursor|link) at|cannot be worked out|answer has no data",
            "返回内容的结构与配置不符",
        ),
        (r"rows announced|same rows as on the page before|would never end|more than \d+ pages", "分页数据前后不一致"),
        (r"more (?:than \d+ (?:MiB|bytes)|rows than)", "返回内容超出大小上限"),
        (r"ids are now made of", "记录编号的口径已改，等待确认替换"),
        (
            r"JMESPath|the query (?:has|gives)|in the query's result: name|its start, .* is yet to come|has no column",
            "数据源的配置或查询有误，请管理员核对 sources.yaml",
        ),
        (r"the answer is not that of", "返回内容的结构与配置不符"),
        (r"internal error", "程序内部出错，请查看日志"),
    )
)
STATUS = re.compile(r"\bHTTP (\d{3})\b")


def cause(reason: str) -> str | None:
    """The cause in Chinese; None of a kind that is not known."""
    if (status := STATUS.search(reason)) is not None:
        return STATUSES.get(status[1], f"对方返回状态码 {status[1]}")
    return next((words for pattern, words in CAUSES if pattern.search(reason)), None)
