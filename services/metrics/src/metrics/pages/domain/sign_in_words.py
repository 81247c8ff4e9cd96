"""What is said around signing in and out."""

from common.errors import Text


class IssuerAwayWords:
    """The issuer gives no answer."""

    title = Text("지금은 로그인할 수 없습니다", "Signing in is not possible now")
    says = Text(
        "인증 서비스가 응답하지 않습니다. 저장된 것은 그대로이고, 누구나 보는 화면은 계속 열립니다. "
        "잠시 뒤 다시 시도해 주세요.",
        "The identity provider does not answer. What was stored is kept, and pages for everybody stay open. "
        "Try again in a moment.",
    )
    action = Text("다시 시도", "Try again")


class NotSignedInWords:
    """What came back from the issuer proves nobody."""

    title = Text("로그인이 끝나지 않았습니다", "You are not signed in yet")
    says = Text(
        "로그인을 시작한 창이 아니거나, 시간이 오래 지났거나, 인증 서비스가 허락하지 않았습니다. 바뀐 것은 없습니다. "
        "처음부터 다시 로그인해 주세요.",
        "This is not the browser that began, it took too long, or the identity provider said no. Nothing changed. "
        "Please sign in from the start.",
    )
    action = Text("다시 로그인", "Sign in again")


class SigningOutWords:
    """Here it is done; the issuer is next."""

    title = Text("로그아웃하고 있습니다", "Signing you out")
    says = Text(
        "이 사이트에서는 로그아웃되었습니다. 인증 서비스에서도 로그아웃하러 이동합니다.",
        "You are signed out of this site. You are taken to the identity provider to end your session there too.",
    )
    action = Text("인증 서비스에서 로그아웃", "Sign out at the identity provider")


class SignedOutWords:
    """The end."""

    title = Text("로그아웃되었습니다", "You are signed out")
    says = Text(
        "함께 쓰는 컴퓨터라면 브라우저 창도 닫아 주세요.", "On a computer that others use, close the browser too."
    )
    action = Text("첫 화면으로", "To the front page")


class ForeignFormWords:
    """The form does not come from a page of this session."""

    title = Text("이 양식은 받지 않았습니다", "This form was not taken")
    says = Text(
        "이 사이트의 화면에서, 지금 로그인한 사람이 보낸 양식이 아닙니다. 바뀐 것은 없습니다. "
        "화면을 새로 열어 다시 보내 주세요.",
        "It was not sent from a page of this site by whoever is signed in now. Nothing changed. Open the page anew and "
        "send it again.",
    )
    action = Text("첫 화면으로", "To the front page")


class FormKeptWords:
    """Nobody is signed in any more when the form comes."""

    title = Text("로그인이 끝났습니다. 적으신 내용은 보관했습니다", "Your session has ended. What you typed is kept")
    says = Text(
        "아직 아무것도 저장하거나 보내지 않았습니다. 적으신 내용은 한 시간 동안 본인만 볼 수 있게 보관합니다. "
        "다시 로그인하면 그대로 채워진 양식으로 돌아갑니다.",
        "Nothing was saved or sent yet. What you typed is kept for an hour, for you alone. Sign in again and you come "
        "back to the form as you filled it in.",
    )
    action = Text("다시 로그인", "Sign in again")


class FormKeptIssuerAwayWords:
    """The same while nobody can sign in."""

    title = Text(
        "지금은 로그인할 수 없습니다. 적으신 내용은 보관했습니다",
        "Signing in is not possible now. What you typed is kept",
    )
    says = Text(
        "인증 서비스가 응답하지 않습니다. 아직 아무것도 저장하거나 보내지 않았고, 적으신 내용은 한 시간 동안 본인만 "
        "볼 수 있게 보관합니다. 잠시 뒤 다시 로그인하면 그대로 채워진 양식으로 돌아갑니다.",
        "The identity provider does not answer. Nothing was saved or sent yet, and what you typed is kept for an hour, "
        "for you alone. Sign in again in a moment and you come back to the form as you filled it in.",
    )
    action = Text("다시 시도", "Try again")


class SomebodyElsesFormWords:
    """Another person has signed in here since the form was opened."""

    title = Text("다른 사람이 연 양식입니다", "Somebody else opened this form")
    says = Text(
        "양식을 연 뒤 이 브라우저에서 다른 사람이 로그인했습니다. 보내거나 저장한 것은 없습니다. 적힌 내용은 양식을 연 "
        "사람을 위해 한 시간 동안 보관합니다. 그 사람이 다시 로그인해 같은 화면을 열면 채워져 있습니다.",
        "Since it was opened, another person has signed in with this browser. Nothing was sent or saved. What was "
        "typed is kept for an hour for whoever opened the form: it is there when they sign in and open the page again.",
    )
    action = Text("첫 화면으로", "To the front page")
