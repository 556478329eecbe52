"""Painters: from a `SceneSample` to a picture. Labels never come from here, only passes to audit them with."""
