"""The sign-in page of the local issuer: whom to be, and plainly said that nothing here proves who one is."""

from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import urlsplit

from fastapi.responses import HTMLResponse

from smartfactory.issuer.grants import Person

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.6 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;line-height:1.3}h2{font-size:1.1rem;margin:1.5rem 0 .5rem}
.notice{border:1px solid;border-left-width:.4rem;padding:.5rem 1rem}
ul{list-style:none;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.5rem}
button{font:inherit;width:100%;min-height:3rem;padding:.4rem .8rem;text-align:left;cursor:pointer}
small{display:block}
"""
_HEAD = (
    '<!doctype html><html lang="ko"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
)


def people_page(groups: Iterable[tuple[str, list[tuple[str, Person]]]], *, kept: Mapping[str, str]) -> HTMLResponse:
    """Everybody to choose from; `kept` is the request of the client, which the choice carries on."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in kept.items()
    )
    sections = "".join(
        f"<section><h2>{escape(title)}</h2><ul>{''.join(map(_choice, members))}</ul></section>"
        for title, members in groups
        if members
    )
    content = (
        '<h1>누구로 로그인할까요? <span lang="en">Whom do you sign in as?</span></h1>'
        '<p class="notice">이 화면은 이 컴퓨터에 설치한 시스템의 <strong>대역 인증기관</strong>입니다. 비밀번호가 '
        "없고, 고른 사람이 됩니다. 실제 운영에서는 기관의 인증 서비스가 이 자리를 대신합니다. "
        '<span lang="en">This is the <strong>stand-in</strong> of a local installation: it holds no passwords, and you '
        "become whom you choose. In production an identity provider takes its place.</span></p>"
        f'<form method="post" action="authorize">{hidden}{sections}</form>'
    )
    # A form's answer leads to the client, which a browser holds to be a target of the form as well.
    target = urlsplit(kept["redirect_uri"])
    return _page("로그인 · Sign in", content, form_action=f"'self' {target.scheme}://{target.netloc}")


def refusal_page(ko: str, en: str) -> HTMLResponse:
    """What went wrong where there is no client to send the browser back to."""
    content = f'<h1>로그인할 수 없습니다</h1><p>{escape(ko)}</p><p lang="en">{escape(en)}</p>'
    return _page("로그인할 수 없습니다 · No sign-in", content, form_action="'none'", status=400)


def farewell_page() -> HTMLResponse:
    """After a sign-out that names no place to go back to."""
    content = '<h1>로그아웃되었습니다</h1><p lang="en">You are signed out.</p>'
    return _page("로그아웃 · Signed out", content, form_action="'none'")


def _choice(choice: tuple[str, Person]) -> str:
    key, person = choice
    tenant = f" · {person.bearer.tenant}" if person.bearer.tenant else ""
    return (
        f'<li><button name="person" value="{escape(key)}">{escape(person.name)}'
        f"<small>{escape(person.bearer.role)}{escape(tenant)}</small></button></li>"
    )


def _page(title: str, content: str, *, form_action: str, status: int = 200) -> HTMLResponse:
    body = (
        f"{_HEAD}<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{content}</main></body></html>"
    )
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action {form_action}"
    )
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return HTMLResponse(body, status, headers)
