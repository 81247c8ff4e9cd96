"""Standings (휴·폐업, 체납 재확인): firms are asked about at the tax office again, before agreement and payments."""
