"""What every published document of the programme says of itself: whom to ask, the licence, realistic values."""

from common.examples import DocumentFacts
from contracts.examples import EXAMPLES
from contracts.past_examples import past_examples

DOCUMENTS = DocumentFacts(
    contact={
        "name": "전북특별자치도 스마트공장 지원사업 운영팀 (Jeonbuk smart factory programme)",
        "url": "https://smartfactory.example/contact",
    },
    licence={
        "name": "전북특별자치도와 사업 참여기관의 내부 사용 (for Jeonbuk and the programme's participants)",
        "identifier": "LicenseRef-Jeonbuk-Smart-Factory",
    },
    examples={**EXAMPLES, **past_examples(EXAMPLES)},
)
