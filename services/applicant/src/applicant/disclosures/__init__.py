"""Who was shown personal data (개인정보 접속기록): what the law asks to keep of every access by somebody else."""
