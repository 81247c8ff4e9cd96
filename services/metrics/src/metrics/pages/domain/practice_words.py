"""What the page of good practices says."""

from common.errors import Text


class PracticeWords:
    """Published cases."""

    title = Text("우수사례", "Good practices")
    lead = Text(
        "다른 사람이 증빙과 대조하고 도가 공표한 사례입니다. 기업 이름은 기업이 동의한 때에만 적습니다.",
        "Cases that a second person verified and the province published. A firm is named only where it agreed.",
    )
    none_yet = Text("아직 공표된 사례가 없습니다.", "No case was published yet.")
    firm = Text("기업", "Firm")
    where = Text("지역", "Place")
    sector = Text("업종", "Sector")
    size = Text("규모", "Size")
    processes = Text("공정", "Processes")
    technologies = Text("기술", "Technologies")
    figures = Text("확인된 변화", "Verified changes")
    under_review = Text(
        "보고가 정정되어 수치를 다시 확인하고 있습니다.", "A report was corrected: its figures are verified anew."
    )
    studied = Text("견학", "Studied")
    adopted = Text("도입", "Adopted")
    published_on = Text("공표일", "Published on")
    grade = Text("자료 등급 {grade}", "evidence grade {grade}")
    newer = Text("이전", "Newer")
    older = Text("다음", "Older")
    pages = Text("쪽 넘기기", "More cases")
